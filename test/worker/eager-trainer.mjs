// The real trainer, told to compute every step with the slow reference.
process.env.PERENNIAL_EXECUTOR = "eager";
await import("../../dist/programs/trainer.js");
