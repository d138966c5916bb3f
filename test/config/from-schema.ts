/** The type of the values that a schema allows, for comparison with the one written by hand. */
export type FromSchema<S> = S extends { readonly properties: infer Properties }
  ? Flat<
      {
        readonly [K in keyof Properties as IsThere<S, K> extends true ? K : never]: FromSchema<
          Properties[K]
        >
      } & {
        readonly [K in keyof Properties as IsThere<S, K> extends true ? never : K]?: FromSchema<
          Properties[K]
        >
      }
    >
  : S extends { readonly items: infer Items }
    ? readonly FromSchema<Items>[]
    : S extends { readonly enum: readonly (infer Choice)[] }
      ? Choice
      : S extends { readonly type: readonly (infer Types)[] }
        ? Scalar<Types>
        : S extends { readonly type: infer Type }
          ? Scalar<Type>
          : never

/** `true` if and only if the two types are the same, optional keys and `readonly` included. */
export type Equal<A, B> =
  (<T>() => T extends Nested<A> ? 1 : 2) extends <T>() => T extends Nested<B> ? 1 : 2 ? true : false

/** After the defaults are filled in, a key is there if it has one or is required. */
type IsThere<S, K> = S extends { readonly required: readonly (infer Required)[] }
  ? K extends Required
    ? true
    : HasDefault<S, K>
  : HasDefault<S, K>

type HasDefault<S, K> = S extends { readonly properties: infer Properties }
  ? K extends keyof Properties
    ? Properties[K] extends { readonly default: unknown }
      ? true
      : false
    : false
  : false

type Scalar<Type> = Type extends 'string'
  ? string
  : Type extends 'integer' | 'number'
    ? number
    : Type extends 'boolean'
      ? boolean
      : never

type Flat<T> = { [K in keyof T]: T[K] }

/** Interfaces written out, so that they compare equal to the mapped types. */
type Nested<T> = T extends readonly (infer Item)[]
  ? readonly Nested<Item>[]
  : T extends object
    ? { [K in keyof T]: Nested<T[K]> }
    : T
