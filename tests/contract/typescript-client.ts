// Asks the service what an integrator asks it, by types that were generated from the contract.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.d.ts";

declare const process: { argv: string[]; exit(code: number): never };

type Row = components["schemas"]["RowAsked"];

function needed<T>(value: T | undefined, about: unknown): T {
  if (value === undefined) throw new Error(JSON.stringify(about));
  return value;
}

function hold(truth: boolean, about: unknown): void {
  if (!truth) throw new Error(JSON.stringify(about));
}

// Of the forms that an address offers, JSON: a second type, or each answer is any of them.
type Json = "application/json" | "application/problem+json";
const client = createClient<paths, Json>({ baseUrl: needed(process.argv[2], "an address") });
const numbers: number[] = [];
let pages = 0;
for (let offset = 0; offset < 12; offset += 4) {
  const query = { region: "wellington", limit: 4, offset };
  const { data, error } = await client.GET("/v1/schools", { params: { query } });
  const page = needed(data, error);
  hold(page.count === 4 && page.total > 4 && page.next !== null, page);
  for (const each of page.items) numbers.push(each.school.school_id);
  pages += 1;
}
const asked = numbers.slice(0, 10);
for (const school_id of asked) {
  const { data, error } = await client.GET("/v1/provider", { params: { query: { school_id } } });
  const answer = needed(data, error);
  const name: string | undefined = answer.provider?.name;
  hold(answer.status === "resolved" && name !== undefined, answer);
}
const point = await client.GET("/v1/provider", {
  params: { query: { lat: -36.8694, lng: 174.7689 } },
});
hold(needed(point.data, point.error).basis === "located", point.data);
const typed = await client.GET("/v1/provider", { params: { query: { address: "Kaitaia" } } });
hold((needed(typed.data, typed.error).matches ?? []).length > 0, typed.data);
const refused = await client.GET("/v1/provider", { params: { query: {} } });
hold(needed(refused.error, refused.data).type.endsWith("/problems/missing-parameter"), refused);
const file = await client.GET("/v1/schools/{number}.csv", {
  params: { path: { number: needed(numbers[0], numbers) } },
  parseAs: "text",
});
hold(needed(file.data, file.error).startsWith("school_id,"), file.data);
const rows: Row[] = [
  { id: "a", school_id: needed(numbers[0], numbers) },
  { id: 2, lng: 174.7689, lat: -36.8694 },
  { address: "Kaitaia" },
  { lng: 0, lat: -91 },
];
const many = await client.POST("/v1/providers:resolve", { body: { rows } });
const answers = needed(many.data, many.error).answers;
hold(answers[3]?.error?.kind === "out-of-range", answers);
console.log(`${asked.length} schools, ${pages} pages, ${answers.length} rows`);
