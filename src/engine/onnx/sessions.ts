import { createHash } from "node:crypto";
import { InferenceSession } from "onnxruntime-node";
import { PlatformError } from "../../errors.js";

export type Provider = "cpu" | "webgpu" | "cuda";

/** A program made ready by ONNX Runtime; it has no state, so several executables can share it. */
export interface Session {
  run: InferenceSession["run"];
  release(): Promise<void>;
}

/** Makes sessions, each program's only once as long as it is in use. */
export interface Sessions {
  /** @throws PlatformError UNSUPPORTED when ONNX Runtime refuses the program or lacks the provider; with its reason. */
  open(model: Uint8Array): Promise<Session>;
}

export interface SessionOptions {
  provider: Provider;
  threads: number;
  /** Writes a trace of every node's time into a file of this prefix, when the session is released. */
  profile?: string;
}

export function createSessions({ provider, threads, profile }: SessionOptions): Sessions {
  const open = new Map<string, { users: number; session: Promise<InferenceSession> }>();
  const options: InferenceSession.SessionOptions = {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    // Not "all": that also lays images out in blocks of channels, for which filters would have to be known beforehand.
    graphOptimizationLevel: "extended",
    // Errors are thrown as well; warnings are about nodes that run on the CPU beside a GPU, and the like.
    logSeverityLevel: 4,
    ...(profile && { enableProfiling: true, profileFilePrefix: profile }),
  };

  async function compile(model: Uint8Array): Promise<InferenceSession> {
    try {
      return await InferenceSession.create(model, options);
    } catch (error) {
      const reason = (error as Error).message;
      const message = `ONNX Runtime cannot run this on the provider "${provider}": ${reason}`;
      throw new PlatformError("UNSUPPORTED", message, {}, { cause: error });
    }
  }

  return {
    async open(model) {
      const digest = createHash("sha256").update(model).digest("hex");
      const entry = open.get(digest) ?? { users: 0, session: compile(model) };
      open.set(digest, entry);
      entry.users++;
      const leave = () => {
        entry.users--;
        if (entry.users === 0) open.delete(digest);
        return entry.users === 0;
      };
      const session = await entry.session.catch((error) => {
        leave();
        throw error;
      });
      return {
        run: session.run.bind(session),
        async release() {
          if (!leave()) return;
          if (profile) session.endProfiling();
          await session.release();
        },
      };
    },
  };
}
