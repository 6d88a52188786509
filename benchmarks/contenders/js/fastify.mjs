// Fastify with postgres.js, with schemas for what comes and what goes, as its documentation advises.
import { Readable } from "node:stream";

import Fastify from "fastify";
import postgres from "postgres";

import { readOptions } from "./database.mjs";
import { createStore } from "./store.mjs";

const store = createStore(postgres({ ...readOptions(), onnotice: () => {} }));
const app = Fastify({ bodyLimit: 16 * 1024 * 1024 });

const text = { type: "string" };
const optional = { type: "string", nullable: true };
const integer = { type: "integer" };
const object = (properties, required = Object.keys(properties)) => ({ type: "object", properties, required });
const array = (items) => ({ type: "array", items });
const page = (items) =>
  object({ items: array(items), total: { type: "integer", nullable: true }, skip: integer, limit: integer });

const given = {
  username: { ...text, minLength: 1, maxLength: 50 },
  email: { ...text, maxLength: 254 },
  full_name: { ...optional, maxLength: 200 },
  is_active: { type: "boolean" },
};
const newUser = object(given, ["username", "email"]);
const changes = object(given, []);
const user = object({
  id: integer,
  username: text,
  email: text,
  full_name: optional,
  is_active: { type: "boolean" },
  created_at: { type: "string", format: "date-time" },
});
const player = object({ id: integer, name: text, position: optional, team_id: integer });
const team = object({ id: integer, name: text, city: optional, players: array(player) });
const key = object({ id: integer });
const query = object(
  { skip: integer, limit: { ...integer, maximum: 1000 }, count: text, is_active: { type: "boolean" }, sort: text },
  [],
);
const schema = (answer, asked = {}, status = 200) => ({ schema: { ...asked, response: { [status]: answer } } });
const or404 = (reply, row) => row ?? reply.code(404).send({ detail: "not found" });

app.get("/health", schema(object({ status: text })), async () => ({ status: "ok" }));
app.get("/users/:id", schema(user, { params: key }), async (request, reply) =>
  or404(reply, await store.readUser(request.params.id)),
);
app.get("/users/", schema(page(user), { querystring: query }), ({ query: { skip = 0, limit = 10, ...asked } }) =>
  asked.is_active ? store.readActive(skip, limit) : store.readUsers(skip, limit, { counted: asked.count !== "none" }),
);
app.get("/teams/:id", schema(team, { params: key }), async (request, reply) =>
  or404(reply, await store.readTeam(request.params.id)),
);
app.get("/teams/", schema(page(team), { querystring: query }), ({ query: { limit = 10 } }) => store.readTeams(limit));
app.post("/users/", schema(user, { body: newUser }, 201), async (request, reply) =>
  reply.code(201).send(await store.createUser(request.body)),
);
app.post("/users/bulk/", schema(array(user), { body: array(newUser) }, 201), async (request, reply) =>
  reply.code(201).send(await store.createUsers(request.body)),
);
app.put("/users/:id", schema(user, { params: key, body: changes }), async (request, reply) =>
  or404(reply, await store.updateUser(request.params.id, request.body)),
);
app.delete("/users/:id", { schema: { params: key } }, async (request, reply) =>
  reply.code((await store.deleteUser(request.params.id)) ? 204 : 404).send(),
);
app.get("/players/stream/", (_request, reply) =>
  reply.type("application/json").send(Readable.from(store.streamPlayers())),
);

await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
process.on("SIGTERM", () => process.exit(0));
