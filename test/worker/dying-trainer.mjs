// A trainer that takes its run and dies of it.
process.on("message", (message) => message.type === "RUN" && process.exit(3));
process.on("disconnect", () => process.exit());
process.send({ type: "READY" });
