import { createHash } from "node:crypto";
import { env, InferenceSession, type Tensor } from "onnxruntime-node";
import { PlatformError } from "../../../errors.js";
import { afterCopies, refusal, refusedOutput } from "./output-copies.js";

/** Results are the same, bit for bit, within one build of ONNX Runtime only. */
export const runtimeVersion = `onnxruntime ${env.versions.node}`;

export type Provider = "cpu" | "webgpu" | "cuda";

/** A program made ready by ONNX Runtime; it has no state, so several executables can share it. */
export interface Session {
  /**
   * @param results where the results are put: memory for all of them.
   * @throws PlatformError EXECUTOR_FAILED with ONNX Runtime's reason; the results are then worth nothing.
   */
  run(feeds: Readonly<Record<string, Tensor>>, results: Readonly<Record<string, Tensor>>): Promise<void>;
  release(): Promise<void>;
}

/** Makes sessions, each program's only once as long as it is in use. */
export interface Sessions {
  /**
   * @param onCpu names of nodes that stay on the CPU although the provider is WebGPU.
   * @throws PlatformError UNSUPPORTED when ONNX Runtime refuses the program, lacks the provider or finds no device; with
   * its reason, and what would be needed.
   */
  open(model: Uint8Array, onCpu?: readonly string[]): Promise<Session>;
}

export interface SessionOptions {
  provider: Provider;
  threads: number;
  /** Writes a trace of every node's time into a file of this prefix, when the session is released. */
  profile?: string;
}

/** What is missing, by what ONNX Runtime says then. */
const needs: Readonly<Record<string, string>> = {
  "Failed to get a WebGPU adapter":
    "there is no device for WebGPU; on Linux it needs Vulkan: the loader libvulkan.so.1 and the driver of a GPU.",
  "Failed to load shared library":
    "its library, NVIDIA's driver, or one of CUDA 13's that it needs, is not installed; docker/Dockerfile.gpu installs all but the driver.",
};

export function createSessions({ provider, threads, profile }: SessionOptions): Sessions {
  const open = new Map<string, { users: number; session: Promise<InferenceSession> }>();
  const options: InferenceSession.SessionOptions = {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    // Not "all": that also lays images out in blocks of channels, for which filters would have to be known beforehand.
    graphOptimizationLevel: "extended",
    // Errors are thrown as well; warnings are about nodes that run on the CPU beside a GPU, and the like.
    logSeverityLevel: 4,
    // A program can be cut into several, each with threads of its own: those of one must not be kept busy waiting while
    // another works. 200 µs bridge the gaps between operations; more made the cut programs up to three times slower.
    ...(threads > 1 && { extra: { session: { intra_op: { spin_duration_us: "200" } } } }),
    ...(profile && { enableProfiling: true, profileFilePrefix: profile }),
  };

  async function compile(model: Uint8Array, onCpu: readonly string[]): Promise<InferenceSession> {
    const executionProviders = onCpu.length > 0 ? [{ name: provider, forceCpuNodeNames: onCpu }] : [provider];
    try {
      return await InferenceSession.create(model, { ...options, executionProviders });
    } catch (error) {
      const reason = (error as Error).message.trim();
      const need = Object.entries(needs).find(([text]) => reason.includes(text))?.[1];
      const message = `ONNX Runtime cannot run this on the provider "${provider}": ${need ? `${need} ` : ""}${reason}`;
      throw new PlatformError("UNSUPPORTED", message, {}, { cause: error });
    }
  }

  return {
    async open(model, onCpu = []) {
      const digest = createHash("sha256").update(model).digest("hex");
      const entry = open.get(digest) ?? { users: 0, session: compile(model, onCpu) };
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
      const refuses = session.outputNames.includes(refusedOutput);
      return {
        async run(feeds, results) {
          try {
            await session.run(feeds, refuses ? { ...results, [refusedOutput]: null } : results);
            afterCopies(results);
          } catch (error) {
            const reason = (error as Error).message;
            if (refuses && reason === (await refusal())) return;
            throw new PlatformError("EXECUTOR_FAILED", `ONNX Runtime failed: ${reason}`, {}, { cause: error });
          }
        },
        async release() {
          if (!leave()) return;
          if (profile) session.endProfiling();
          await session.release();
        },
      };
    },
  };
}
