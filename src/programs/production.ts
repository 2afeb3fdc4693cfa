/**
 * graphql-js and Express look at NODE_ENV when they are loaded. Without "production", graphql-js checks types twice as
 * slowly, which a request of many rows waits for. Import this before anything else.
 */
process.env.NODE_ENV ??= "production";
