// biome-ignore lint/suspicious/noExplicitAny: a resolver's parameters are what its decorators say.
type Method = (...parameters: any[]) => unknown;

/** A decorator of a method, or of a field that a method answers. */
// biome-ignore lint/suspicious/noExplicitAny: each decorator has its own idea of a descriptor.
export type Decorator = (prototype: object, name: string, descriptor: any) => unknown;
/** A decorator of a parameter. */
export type ParameterDecorator = (prototype: object, name: string, index: number) => void;

/**
 * Adds a method to a resolver class under construction, with the decorators that type-graphql would be given in a class
 * body.
 */
export function addMethod(
  target: { prototype: object },
  name: string,
  decorators: readonly Decorator[],
  parameters: readonly ParameterDecorator[],
  method: Method,
): void {
  const { prototype } = target;
  const descriptor = { value: method, writable: true, configurable: true };
  Object.defineProperty(prototype, name, descriptor);
  for (const [index, decorate] of parameters.entries()) decorate(prototype, name, index);
  for (const decorate of decorators) decorate(prototype, name, descriptor);
}
