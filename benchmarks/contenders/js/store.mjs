// What is asked of the database, for both: postgres.js and Bun's own client are written in the same way.

const PLAYERS_AT_ONCE = 1000;

/** Rows of the benchmark's tables, by a client's tagged templates. */
export function createStore(sql) {
  const withoutKey = ({ username, email, full_name = null, is_active = true }) => ({
    username,
    email,
    full_name,
    is_active,
    created_at: new Date(),
  });

  async function readPage(rows, total, skip, limit) {
    const [items, counted] = await Promise.all([rows, total]);
    return { items, total: counted ? counted[0].total : null, skip, limit };
  }

  return {
    async readUser(id) {
      const [user] = await sql`
        SELECT id, username, email, full_name, is_active, created_at FROM users WHERE id = ${id}`;
      return user;
    },

    readUsers(skip, limit, { counted = true } = {}) {
      const rows = sql`
        SELECT id, username, email, full_name, is_active, created_at FROM users
        ORDER BY id LIMIT ${limit} OFFSET ${skip}`;
      return readPage(rows, counted ? sql`SELECT count(*)::int AS total FROM users` : null, skip, limit);
    },

    readActive(skip, limit) {
      const rows = sql`
        SELECT id, username, email, full_name, is_active, created_at FROM users
        WHERE is_active ORDER BY username DESC LIMIT ${limit} OFFSET ${skip}`;
      return readPage(rows, sql`SELECT count(*)::int AS total FROM users WHERE is_active`, skip, limit);
    },

    async readTeam(id) {
      const [[team], players] = await Promise.all([
        sql`SELECT id, name, city FROM teams WHERE id = ${id}`,
        sql`SELECT id, name, position, team_id FROM players WHERE team_id = ${id} ORDER BY id`,
      ]);
      return team && { ...team, players };
    },

    async readTeams(limit) {
      const [teams, counted] = await Promise.all([
        sql`SELECT id, name, city FROM teams ORDER BY id LIMIT ${limit}`,
        sql`SELECT count(*)::int AS total FROM teams`,
      ]);
      const items = teams.map((team) => ({ ...team, players: [] }));
      const byKey = new Map(items.map((team) => [team.id, team.players]));
      const last = items.at(-1)?.id ?? 0;
      const players = await sql`
        SELECT id, name, position, team_id FROM players
        WHERE team_id BETWEEN ${items[0]?.id ?? 0} AND ${last} ORDER BY team_id, id`;
      for (const player of players) byKey.get(player.team_id)?.push(player);
      return { items, total: counted[0].total, skip: 0, limit };
    },

    async createUser(user) {
      const [created] = await sql`
        INSERT INTO users ${sql(withoutKey(user))}
        RETURNING id, username, email, full_name, is_active, created_at`;
      return created;
    },

    async createUsers(users) {
      return sql`
        INSERT INTO users ${sql(users.map(withoutKey))}
        RETURNING id, username, email, full_name, is_active, created_at`;
    },

    async updateUser(id, { username = null, email = null, full_name = null, is_active = null }) {
      const [user] = await sql`
        UPDATE users SET username = coalesce(${username}, username), email = coalesce(${email}, email),
          full_name = coalesce(${full_name}, full_name), is_active = coalesce(${is_active}, is_active)
        WHERE id = ${id} RETURNING id, username, email, full_name, is_active, created_at`;
      return user;
    },

    async deleteUser(id) {
      return (await sql`DELETE FROM users WHERE id = ${id} RETURNING id`).length > 0;
    },

    /** JSON of all players, a part at a time. */
    async *streamPlayers() {
      let last = 0;
      let separator = "[";
      for (let rows = null; rows === null || rows.length === PLAYERS_AT_ONCE; ) {
        rows = await sql`
          SELECT id, name, position, team_id FROM players
          WHERE id > ${last} ORDER BY id LIMIT ${PLAYERS_AT_ONCE}`;
        if (rows.length) yield separator + JSON.stringify(rows).slice(1, -1);
        if (rows.length) separator = ",";
        last = rows.at(-1)?.id;
      }
      yield separator === "[" ? "[]" : "]";
    },
  };
}
