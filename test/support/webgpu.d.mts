/** The variables that a process must be started with to see the software device; undefined where `prepare` has not run. */
export function webgpuEnvironment(): Record<"VK_ICD_FILENAMES" | "LD_LIBRARY_PATH", string> | undefined;
/** @throws Error when the files can be had neither from an installed browser nor from the distribution's archive. */
export function prepare(): string;
