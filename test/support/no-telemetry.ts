/** Imported for what it does: tests use ONNX Runtime without the platform, which turns its telemetry off. */
process.env.ORT_DISABLE_TELEMETRY ??= "1";
