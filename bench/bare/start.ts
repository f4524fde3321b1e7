// The least program with the same two parts: a database, and Hono answering. Arguments: port, database file.
import Database from "better-sqlite3"
import { Hono } from "hono"

const [port = "0", file = ":memory:"] = process.argv.slice(2)
const database = new Database(file)
database.pragma("journal_mode = WAL")
database.exec("CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, at INTEGER)")
const app = new Hono()
app.get("/health", (asked) => asked.json({ orders: database.prepare("SELECT count(*) FROM orders").pluck().get() }))
Bun.serve({ hostname: "127.0.0.1", port: Number(port), fetch: app.fetch })
