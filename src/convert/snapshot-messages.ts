/** What passes between pprofd and a thread that reads a heap snapshot. */
import type { Failure } from './failures.ts'

export type ToThread<Header> =
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly header: Header }

export type FromThread<Result> =
  /** Its code is loaded. */
  | { readonly kind: 'loaded' }
  /** So many bytes have been read. */
  | { readonly kind: 'read'; readonly bytes: number }
  | { readonly kind: 'done'; readonly result: Result }
  | { readonly kind: 'failed'; readonly failure: Failure }
