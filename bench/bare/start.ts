// The least program with the same two parts: a database that notes each run, and Hono answering. Arguments: port, database file.
import Database from "better-sqlite3"
import { Hono } from "hono"

const [port = "0", file = ":memory:"] = process.argv.slice(2)
const database = new Database(file)
database.pragma("journal_mode = WAL")
database.exec("CREATE TABLE IF NOT EXISTS runs (run INTEGER PRIMARY KEY, at INTEGER)")
database.prepare("INSERT INTO runs (at) VALUES (?)").run(Date.now())
const app = new Hono()
app.get("/health", (asked) => asked.json({ runs: database.prepare("SELECT count(*) FROM runs").pluck().get() }))
Bun.serve({ hostname: "127.0.0.1", port: Number(port), fetch: app.fetch })
