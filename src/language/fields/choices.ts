/** A closed set of names with what each of them means: an enumeration of the API. */
export interface Choices<Name extends string = string> {
  /** Name of the GraphQL enumeration. */
  readonly name: string;
  readonly doc: string;
  /** What each choice means, a sentence or two. */
  readonly meanings: Readonly<Record<Name, string>>;
  /** The choices in the order in which they were described. */
  readonly all: readonly Name[];
}

export type ChoiceOf<Set> = Set extends Choices<infer Name> ? Name : never;

export function choices<const Meanings extends Readonly<Record<string, string>>>(
  name: string,
  doc: string,
  meanings: Meanings,
): Choices<keyof Meanings & string> {
  return { name, doc, meanings, all: Object.keys(meanings) };
}
