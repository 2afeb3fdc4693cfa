/**
 * Rows that are computed together: a program is compiled for each of these sizes when it is first needed. Servers read them
 * too, so this file imports no numerical code: loading that would delay their start.
 */
export const predictionBatchSizes = [1, 8, 64, 512] as const;
