// Libraries choose by NODE_ENV when they are loaded: graphql-js checks every value of a request many times more slowly
// unless it is `production`. Import this before them.
process.env.NODE_ENV ??= "production";
