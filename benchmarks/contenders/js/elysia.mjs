// Elysia on Bun with Bun's own client of PostgreSQL, with schemas for what comes.
import { SQL } from "bun";
import { Elysia, t } from "elysia";

import { readOptions } from "./database.mjs";
import { createStore } from "./store.mjs";

const store = createStore(new SQL({ ...readOptions(), adapter: "postgres" }));

const given = {
  username: t.String({ minLength: 1, maxLength: 50 }),
  email: t.String({ maxLength: 254 }),
  full_name: t.Nullable(t.String({ maxLength: 200 })),
  is_active: t.Boolean(),
};
const newUser = t.Object({
  ...given,
  full_name: t.Optional(given.full_name),
  is_active: t.Optional(given.is_active),
});
const key = { params: t.Object({ id: t.Integer() }) };
const asked = {
  query: t.Object({
    skip: t.Integer({ default: 0 }),
    limit: t.Integer({ default: 10, maximum: 1000 }),
    count: t.Optional(t.String()),
    is_active: t.Optional(t.BooleanString()),
    sort: t.Optional(t.String()),
  }),
};
const or404 = (status, row) => row ?? status(404, { detail: "not found" });

new Elysia()
  .get("/health", () => ({ status: "ok" }))
  .get("/users/:id", async ({ params, status }) => or404(status, await store.readUser(params.id)), key)
  .get(
    "/users/",
    ({ query: { skip, limit, count, is_active } }) =>
      is_active ? store.readActive(skip, limit) : store.readUsers(skip, limit, { counted: count !== "none" }),
    asked,
  )
  .get("/teams/:id", async ({ params, status }) => or404(status, await store.readTeam(params.id)), key)
  .get("/teams/", ({ query }) => store.readTeams(query.limit), asked)
  .post("/users/", async ({ body, status }) => status(201, await store.createUser(body)), { body: newUser })
  .post("/users/bulk/", async ({ body, status }) => status(201, await store.createUsers(body)), {
    body: t.Array(newUser),
  })
  .put("/users/:id", async ({ params, body, status }) => or404(status, await store.updateUser(params.id, body)), {
    ...key,
    body: t.Partial(t.Object(given)),
  })
  .delete("/users/:id", async ({ params, status }) => status((await store.deleteUser(params.id)) ? 204 : 404), key)
  .get("/players/stream/", () => {
    const parts = store.streamPlayers();
    const encoder = new TextEncoder();
    const stream = new ReadableStream({
      async pull(controller) {
        const { value, done } = await parts.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
    });
    return new Response(stream, { headers: { "content-type": "application/json" } });
  })
  .listen({ port: Number(process.env.PORT), hostname: "127.0.0.1" });
