// Loaded into the server with --import and --expose-gc: at SIGUSR2 it tells what it holds, garbage aside.
process.on("SIGUSR2", () => {
  globalThis.gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  console.log(`memory ${JSON.stringify({ resident: rss, held: heapUsed + external })}`);
});
