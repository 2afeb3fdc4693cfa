import { Field, ObjectType, registerEnumType } from "type-graphql";
import { enumOf } from "../entities/enum.js";
import { type WaitCode, waitCodes } from "../scheduler/wait-reason.js";

const WaitCodeEnum = enumOf(waitCodes);
registerEnumType(WaitCodeEnum, {
  name: "QueueReasonCode",
  description: "Why a queued run has not started.",
  valuesConfig: {
    NO_WORKER: { description: "No worker is alive." },
    NO_DEVICE: { description: "No live worker offers the kind of device that it asks for, or has begun on." },
    TOO_FEW_SLOTS: { description: "It asks for more threads than any live worker has CPU slots." },
    SLOTS_TAKEN: { description: "Other runs hold what it needs; it starts when enough of them have ended." },
    OLDER_RUNS_FIRST: {
      description:
        "What it needs is free and older runs come first. One of them may wait for more slots of a worker to become free: its place is kept.",
    },
    STARTING: { description: "A worker is about to take it." },
  },
});

@ObjectType({ description: "Why a queued run has not started, as things stand now." })
export class QueueReason {
  @Field(() => WaitCodeEnum, { description: "For programs." })
  code!: WaitCode;

  @Field({ description: "For people: what is missing, and how much of it there is." })
  message!: string;
}
