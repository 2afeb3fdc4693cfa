/** What the platform's child processes do: compute a run, read a file, or look for a device. */
export type ChildTask = "trainer" | "reader" | "device";

/** Variables with secrets that only servers and workers themselves use: the operator key, and logins of Postgres. */
const ownSecrets = /^(PERENNIAL_OPERATOR_KEY|PERENNIAL_KEY|DATABASE_URL|PG[A-Z]+)$/;
/** What opens the object store. Trainers and readers read and write there. */
const storeSecrets = /^(PERENNIAL_S3_URL|AWS_[A-Z_]+|MINIO_[A-Z_]+)$/;

/** The environment for a child process: ours, without the secrets that its task does not need. */
export function environmentOf(env: NodeJS.ProcessEnv, task: ChildTask): NodeJS.ProcessEnv {
  const withheld = (name: string) => ownSecrets.test(name) || (task === "device" && storeSecrets.test(name));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !withheld(name)));
}
