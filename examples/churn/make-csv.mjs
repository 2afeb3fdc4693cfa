// Makes churn.csv: customers of a company that does not exist. The same file every time.
import { writeFileSync } from "node:fs";

let state = 2026;
/** A number from 0 to 1, by the minimal standard generator of Park and Miller. */
const random = () => {
  state = (state * 48_271) % 2_147_483_647;
  return state / 2_147_483_647;
};
const pick = (choices) => choices[Math.floor(random() * choices.length)];
/** A value, or now and then an empty cell. */
const mostly = (share, value) => (random() < share ? value : "");

const prices = { Basic: 19, Plus: 39, Pro: 79 };
const header = [
  ...["Customer ID", "Plan", "Monthly charge", "Signed up", "Support calls", "Hours per week"],
  ...["Discount", "Auto pay", "Region", "Churned"],
];
const lines = [header.join(",")];
for (let number = 1; number <= 800; number++) {
  const plan = pick(["Basic", "Basic", "Plus", "Plus", "Pro"]);
  const discount = pick([0, 0, 0, 5, 10, 20]);
  const charge = (prices[plan] + random() * 12) * (1 - discount / 100);
  const month = 1 + Math.floor(random() * 48);
  const signedUp = new Date(Date.UTC(2022, month - 1, 1 + Math.floor(random() * 28)));
  const calls = Math.floor(-Math.log(1 - random()) * 1.6);
  const hours = Math.max(0, 9 + (random() + random() + random() - 1.5) * 9 - calls * 0.7);
  const autoPay = random() < 0.6;
  const region = pick(["North", "South", "East", "West"]);
  const score =
    -1.3 + 0.75 * calls - 0.32 * hours + 0.035 * month - (autoPay ? 1.1 : 0) - discount * 0.05 + charge * 0.02;
  const churned = random() < 1 / (1 + Math.exp(-1.6 * score));
  lines.push(
    [
      ...[`C-${String(number).padStart(5, "0")}`, plan, mostly(0.97, `$${charge.toFixed(2)}`)],
      ...[signedUp.toISOString().slice(0, 10), calls, mostly(0.88, hours.toFixed(1))],
      ...[mostly(0.95, `${discount}%`), autoPay ? "Yes" : "No", mostly(0.9, region), churned ? "Yes" : "No"],
    ].join(","),
  );
}
writeFileSync(new URL("churn.csv", import.meta.url), `${lines.join("\n")}\n`);
