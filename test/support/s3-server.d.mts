/** A running S3 server. `url` is `http://<access key>:<secret key>@<host>:<port>/<bucket>`. */
export interface S3Server {
  url: string;
  name: string;
  /** Only of a server that this process started. */
  pid?: number;
  stop(): Promise<void>;
}

export const urlVariable: string;
export function cachedBinary(): Promise<string | undefined>;
export function prepare(): Promise<string>;
export function startServer(binary: string): Promise<S3Server>;
export function acquireServer(): Promise<S3Server | undefined>;
