// Where the database is, as both clients take it, and how many connections each has: as many as the others.
export function readOptions() {
  // A URL without a host is none by the WHATWG, though libpq has them.
  const url = new URL(process.env.DATABASE_URL.replace("@/", "@localhost/"));
  const host = url.searchParams.get("host");
  const port = Number(url.port || 5432);
  return {
    ...(host ? { path: `${host}/.s.PGSQL.${port}`, host: "localhost" } : { host: url.hostname }),
    port,
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: decodeURIComponent(url.pathname.slice(1)),
    max: 10,
  };
}
