import type { EntityManager } from "typeorm";
import type { DeviceRequest } from "../language/training/training.js";

/**
 * Bytes of the device of that kind that has the most, among those of live workers; null where there is none, and where
 * one does not tell. A run may use all of a device: slots are shares of its time, not of its memory.
 */
export async function offeredMemory(manager: EntityManager, request: DeviceRequest): Promise<number | null> {
  const [row] = await manager.query<{ untold: boolean | null; most: string | null }[]>(
    `SELECT bool_or(device -> 'memoryBytes' = 'null') AS untold, max((device ->> 'memoryBytes')::bigint) AS most
     FROM worker, jsonb_array_elements(devices) AS device
     WHERE heartbeat_at > clock_timestamp() - interval '15 seconds' AND ($1 = 'ANY' OR device ->> 'kind' = $1)`,
    [request],
  );
  return row?.most == null || row.untold ? null : Number(row.most);
}
