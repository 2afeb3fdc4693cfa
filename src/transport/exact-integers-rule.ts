import { type ASTVisitor, GraphQLError, GraphQLFloat, getNamedType, type ValidationContext } from "graphql";
import { isInexact } from "../language/fields/exact-integers.js";

/**
 * Validation rule: refuses integers written in the document that 64-bit floats do not hold, where GraphQL would round them
 * without a word. JSON values and our own scalars look at theirs themselves.
 */
export function exactIntegersRule(context: ValidationContext): ASTVisitor {
  return {
    IntValue(node) {
      const type = context.getInputType();
      if (!type || getNamedType(type) !== GraphQLFloat || !isInexact(node.value)) return;
      const message = `Float must be a number that 64-bit floats hold exactly, not ${node.value.slice(0, 60)}.`;
      context.reportError(new GraphQLError(message, { nodes: node, extensions: { code: "BAD_USER_INPUT" } }));
    },
  };
}
