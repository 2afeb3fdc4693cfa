import { registerEnumType } from "type-graphql";
import { enumOf } from "../../entities/enum.js";
import { parameterKindChoices } from "../../language/layers/parameter.js";
import { decayShapes } from "../../language/schedules/schedule.js";
import { deviceRequests } from "../../language/training/training.js";
import { enumFor } from "./derive.js";

export const MonitorModeEnum = enumOf(["MIN", "MAX"]);
registerEnumType(MonitorModeEnum, {
  name: "MonitorMode",
  description: "Which way a monitored metric gets better.",
  valuesConfig: {
    MIN: { description: "Smaller is better, as for losses and errors." },
    MAX: { description: "Larger is better, as for accuracy." },
  },
});

export const DeviceRequestEnum = enumOf(deviceRequests);
registerEnumType(DeviceRequestEnum, {
  name: "DeviceRequest",
  description: "What a run asks to be computed on. A run that has begun on one kind of device goes on there.",
  valuesConfig: {
    CPU: { description: "Slots of a CPU, one for each thread." },
    GPU: { description: "A whole GPU. The run waits until a worker with one is there." },
    ANY: {
      description:
        "Slots of a CPU where enough are free, which is also the faster choice for small networks; else a free GPU.",
    },
  },
});

export const DecayShapeEnum = enumOf(decayShapes);
registerEnumType(DecayShapeEnum, {
  name: "DecayShape",
  description: "How a learning rate goes down; s is the share of the way that is done.",
  valuesConfig: {
    LINEAR: { description: "1 - s." },
    COSINE: { description: "Half a cosine: (1 + cos(pi s)) / 2." },
    ONE_MINUS_SQRT: { description: "1 - sqrt(s): quickly at first (Hägele et al., 2024)." },
  },
});

export const ParameterKindEnum = enumFor(parameterKindChoices);
