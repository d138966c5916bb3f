/** The content security policies of pages that load something: from here, and from nowhere else. */
const nothingElse = [
  "default-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
]

/** No inline script or style, no eval, and text of a target never becomes markup. */
export const pagePolicy = [
  ...nothingElse,
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "require-trusted-types-for 'script'",
].join('; ')

/** The sha256 of nothing: an empty <style>, as aphrodite makes one and fills it by insertRule. */
const emptyStyle = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"

/**
 * speedscope's page needs two things more. Its library of styles inserts an empty <style> element. And it
 * starts a demangler of C++ names, which is WebAssembly within its script; that word allows no eval.
 */
export const speedscopePolicy = [
  ...nothingElse,
  "script-src 'self' 'wasm-unsafe-eval'",
  `style-src 'self' ${emptyStyle}`,
  "connect-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
].join('; ')
