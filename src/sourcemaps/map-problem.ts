/** Why a source map, or a script, is of no use; a part of a sentence. Reported with the profile, never fatal. */
export class MapProblem extends Error {
  override readonly name = 'MapProblem'
}
