import { describe, expect, it } from "vitest";
import { readConfig } from "../../src/programs/config.js";
import { createAccessCheck } from "../../src/transport/access.js";

const password = "hunter2";
const key = "k".repeat(24);

describe("settings that would mean something else than they say", () => {
  const refused: [variable: string, value: string, further?: NodeJS.ProcessEnv][] = [
    ["PERENNIAL_ALLOWED_ORIGINS", "localhost:3000"],
    ["PERENNIAL_ALLOWED_ORIGINS", "app.example.com"],
    ["PERENNIAL_ALLOWED_ORIGINS", "https://app.example.com,localhost:3000"],
    ["PERENNIAL_ALLOWED_ORIGINS", "null"],
    ["PERENNIAL_ALLOWED_ORIGINS", "*"],
    ["PERENNIAL_ALLOWED_ORIGINS", "https://*.example.com"],
    ["PERENNIAL_ALLOWED_ORIGINS", "https://app.example.com/path"],
    ["PERENNIAL_ALLOWED_ORIGINS", "https://app.example.com?x"],
    ["PERENNIAL_ALLOWED_ORIGINS", "https://user@app.example.com"],
    ["PERENNIAL_ALLOWED_ORIGINS", "https:app.example.com"],
    ["PERENNIAL_ALLOWED_ORIGINS", "file:///index.html"],
    ["PERENNIAL_ALLOWED_ORIGINS", "https://app.example.com https://b.example.com"],
    ["PERENNIAL_ALLOWED_HOSTS", "https://models.example.com"],
    ["PERENNIAL_ALLOWED_HOSTS", "models.example.com/graphql"],
    ["PERENNIAL_ALLOWED_HOSTS", "*.example.com"],
    ["PERENNIAL_ALLOWED_HOSTS", "::1"],
    ["PERENNIAL_ALLOWED_HOSTS", "models.example.com:http"],
    ["PERENNIAL_ALLOWED_HOSTS", "models.example.com:0"],
    ["PERENNIAL_ALLOWED_HOSTS", "models.example.com:65536"],
    ["PERENNIAL_ALLOWED_HOSTS", "user@models.example.com"],
    ["PERENNIAL_ALLOWED_HOSTS", "a.example.com b.example.com"],
    ["HOST", "http://0.0.0.0"],
    ["HOST", "0.0.0.0:4000"],
    ["HOST", "[::]"],
    ["HOST", " "],
    ["PORT", " "],
    ["PORT", "0x50"],
    ["PORT", "4e3"],
    ["PORT", "-0"],
    ["PORT", "4000.0"],
    ["PORT", "65536"],
    ["PERENNIAL_SLOTS", " "],
    ["PERENNIAL_SLOTS", "1e2"],
    ["PERENNIAL_LEASE_SECONDS", "1e1"],
    ["PERENNIAL_LEASE_SECONDS", " "],
    ["PERENNIAL_DATA_DIR", "~/.perennial"],
    ["PERENNIAL_DATA_DIR", " "],
    ["PERENNIAL_DATA_DIR", "file:///data"],
    ["PERENNIAL_OPERATOR_KEY", "k".repeat(23)],
    // No `Authorization` header as long as that is looked at.
    ["PERENNIAL_OPERATOR_KEY", "k".repeat(513)],
    ["PERENNIAL_OPERATOR_KEY", `${key} ${key}`],
    ["PERENNIAL_S3_PUBLIC_URL", "localhost:9000", { PERENNIAL_S3_URL: `http://a:${password}@h:9000/b` }],
    ["PERENNIAL_S3_PUBLIC_URL", "https://s3.example.com/bucket", { PERENNIAL_S3_URL: `http://a:${password}@h:9000/b` }],
    ["PERENNIAL_S3_PUBLIC_URL", `https://a:${password}@s3`, { PERENNIAL_S3_URL: `http://a:${password}@h:9000/b` }],
    ["PERENNIAL_S3_PUBLIC_URL", "https://s3.example.com"],
    ["PERENNIAL_S3_URL", `h:9000/b?key=${password}`],
    ["PERENNIAL_S3_URL", `http://a:${password}@h:9000`],
    ["PERENNIAL_S3_URL", `http://a:${password}@h:9000/b/c`],
    ["PERENNIAL_S3_URL", `http://a:${password}@h:9000/b?regoin=eu-west-1`],
    ["PERENNIAL_S3_URL", `http://a:${password}%zz@h:9000/b`],
    ["PERENNIAL_S3_URL", `http://a:1#${password}@h:9000/b`],
    ["PERENNIAL_S3_URL", "http://h:9000/b"],
    ["DATABASE_URL", `mysql://u:${password}@h/d`],
    ["DATABASE_URL", "localhost:5432/perennial"],
    ["DATABASE_URL", "perennial"],
    ["DATABASE_URL", `postgres:u:${password}@h/d`],
    ["DATABASE_URL", `postgres://u:1#${password}@h/d`],
    ["DATABASE_URL", `postgres://u:1/${password}@h/d`],
    ["DATABASE_URL", `postgres://u:${password}%zz@h/d`],
    ["DATABASE_URL", `postgres://u:${password}@h1:5432,h2:5432/d`],
    ["DATABASE_URL", `postgres://u:${password}@h/d/e`],
  ];
  it.each(refused)("%s=%j is refused", (variable, value, further) => {
    const read = () => readConfig({ ...further, [variable]: value });
    expect(read).toThrow(expect.objectContaining({ code: "BAD_INPUT", message: expect.stringContaining(variable) }));
    expect(read).not.toThrow(password);
    expect(read).not.toThrow(key);
  });
});

describe("settings that say what they mean", () => {
  const taken: [variable: string, value: string, setting: string, meaning: unknown][] = [
    ["PERENNIAL_ALLOWED_ORIGINS", "", "allowedOrigins", []],
    ["PERENNIAL_ALLOWED_ORIGINS", "http://localhost:3000", "allowedOrigins", ["http://localhost:3000"]],
    [
      "PERENNIAL_ALLOWED_ORIGINS",
      " HTTPS://App.Example.com:443/ , http://b:80,",
      "allowedOrigins",
      ["https://app.example.com", "http://b"],
    ],
    ["PERENNIAL_ALLOWED_ORIGINS", "https://münchen.example", "allowedOrigins", ["https://xn--mnchen-3ya.example"]],
    [
      "PERENNIAL_ALLOWED_HOSTS",
      "Models.Example.com, my_service:4000",
      "allowedHosts",
      ["models.example.com", "my_service:4000"],
    ],
    [
      "PERENNIAL_ALLOWED_HOSTS",
      "models.example.com:80,[::1]:8443",
      "allowedHosts",
      ["models.example.com:80", "[::1]:8443"],
    ],
    ["HOST", "0.0.0.0", "host", "0.0.0.0"],
    ["HOST", "::", "host", "::"],
    ["HOST", "localhost", "host", "localhost"],
    ["PORT", "0", "port", 0],
    ["PORT", "", "port", 4000],
    ["PERENNIAL_SLOTS", "8", "slots", 8],
    ["PERENNIAL_OPERATOR_KEY", "k".repeat(512), "operatorKey", "k".repeat(512)],
    [
      "DATABASE_URL",
      "postgres://u:p%23%2F@h:5432/d?sslmode=verify-full",
      "databaseUrl",
      "postgres://u:p%23%2F@h:5432/d?sslmode=verify-full",
    ],
    ["DATABASE_URL", "postgresql://u:p@h", "databaseUrl", "postgresql://u:p@h"],
    ["DATABASE_URL", "postgres://u:p@/d?host=/run/postgresql", "databaseUrl", "postgres://u:p@/d?host=/run/postgresql"],
    ["DATABASE_URL", "socket:/run/postgresql?db=d", "databaseUrl", "socket:/run/postgresql?db=d"],
    [
      "PERENNIAL_S3_URL",
      "https://a:s%2Fs@h:9000/b/?region=eu-west-1",
      "s3",
      {
        ...{ endpoint: "https://h:9000", bucket: "b", region: "eu-west-1" },
        ...{ accessKey: "a", secretKey: "s/s", publicEndpoint: undefined },
      },
    ],
  ];
  it.each(taken)("%s=%j is taken", (variable, value, setting, meaning) => {
    expect(readConfig({ [variable]: value })).toMatchObject({ [setting]: meaning });
  });

  it("an allowed host with the default port of a scheme is the name alone, at no other port", () => {
    const { allowedHosts } = readConfig({ PERENNIAL_ALLOWED_HOSTS: "models.example.com:80,b.example.com" });
    const check = createAccessCheck({ port: 4000, allowedHosts });
    const foreign = (host: string) => check({ headers: { host } } as Parameters<typeof check>[0]);
    expect(foreign("models.example.com")).toBeUndefined();
    expect(foreign("models.example.com:80")).toBeUndefined();
    expect(foreign("models.example.com:8080")).toBe("Host");
    expect(foreign("b.example.com:8080")).toBeUndefined();
  });
});
