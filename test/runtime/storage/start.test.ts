import { expect, test } from "bun:test"
import { spawnSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { connect } from "../../../src/runtime/storage/driver.ts"
import { MIGRATIONS } from "../../../src/runtime/storage/migration.ts"
import { networkType } from "../../../src/runtime/storage/volume.ts"
import { complaint, fill, HandClock, open, order, tempDirectory } from "./support.ts"

/** The number of the first step that this program does not know. */
const NEXT = (MIGRATIONS.at(-1)?.number ?? 0) + 1

const program = join(import.meta.dir, "writer-process.ts")

test("a database from a newer version is refused by file, both versions and the remedy, and left as it was", () => {
  using place = tempDirectory()
  const newer = [...MIGRATIONS, { number: NEXT, name: "next", sql: "CREATE TABLE later (a TEXT)" }]
  open(place.file(), { version: "0.9.0", migrations: newer }).close("stopped")
  expect(complaint(() => open(place.file(), { version: "0.1.0" }))).toBe(
    `JournalError: ${place.file()} has tables of version ${NEXT}, made by perigee 0.9.0; this is perigee 0.1.0, which knows version ${NEXT - 1}. ` +
      "Run perigee 0.9.0 or newer, or choose another file",
  )
  const again = open(place.file(), { version: "0.9.0", migrations: newer })
  expect(again.restored.run).toBe(2)
  again.close("stopped")
})

test("an older database is brought forward with what it holds; a step that fails leaves it where it was", () => {
  using place = tempDirectory()
  const first = open(place.file())
  first.commit([{ kind: "order", order: order(1), cause: "submit", at: order(1).createdAt }])
  first.close("stopped")
  const broken = [
    ...MIGRATIONS,
    { number: NEXT, name: "a", sql: "CREATE TABLE a (x)" },
    { number: NEXT + 1, name: "b", sql: "CREATE TABLE meta (x)" },
  ]
  expect(complaint(() => open(place.file(), { migrations: broken }))).toContain("table meta already exists")
  const mended = [...MIGRATIONS, { number: NEXT, name: "a", sql: "CREATE TABLE a (x)" }]
  const second = open(place.file(), { migrations: mended })
  expect(second.restored.orders).toEqual([order(1)])
  second.close("stopped")
})

test("a migration that was edited after it was applied is refused", () => {
  using place = tempDirectory()
  open(place.file()).close("stopped")
  const edited = MIGRATIONS.map(({ number, name, sql }) => ({ number, name, sql: `${sql}\n-- edited` }))
  expect(complaint(() => open(place.file(), { migrations: edited }))).toContain(
    "another form of migration 1 (first, perigee 0.1.0)",
  )
})

test("another bot's journal is refused", () => {
  using place = tempDirectory()
  open(place.file(), { bot: "momentum" }).close("stopped")
  expect(complaint(() => open(place.file(), { bot: "maker" }))).toBe(
    `JournalError: ${place.file()} is the journal of bot momentum, not of maker; give each bot a file of its own`,
  )
})

test("what is not a database, or another program's, is refused and not touched", () => {
  using place = tempDirectory()
  writeFileSync(place.file("notes.txt"), "these are notes, not a database")
  expect(complaint(() => open(place.file("notes.txt")))).toBe(
    `JournalError: ${place.file("notes.txt")} is not a database; choose another file name`,
  )
  expect(readdirSync(place.path)).toEqual(["notes.txt"])
  const other = connect(place.file("other.db"), { busyMsMax: 0 })
  other.exec("CREATE TABLE theirs (a)")
  other.close()
  expect(complaint(() => open(place.file("other.db")))).toBe(
    `JournalError: ${place.file("other.db")} is a database of another program; choose another file name`,
  )
  writeFileSync(place.file("torn.db"), Buffer.concat([Buffer.from("SQLite format 3\0"), Buffer.alloc(4096, 7)]))
  expect(complaint(() => open(place.file("torn.db")))).toContain("the file is not a database (SQLITE_NOTADB)")
})

test("a directory that does not exist, is a file, or stands where the database should be is refused", () => {
  using place = tempDirectory()
  writeFileSync(place.file("file"), "")
  expect(complaint(() => open(place.file("none/bot.db")))).toBe(
    `JournalError: the directory ${place.file("none")} does not exist; make it first`,
  )
  expect(complaint(() => open(place.file("file/bot.db")))).toContain(`${place.file("file")} is not a directory`)
  expect(complaint(() => open(place.path))).toContain("is not a file")
})

test("the same file twice in one process is refused, under another name too, and the first keeps its lock", () => {
  using place = tempDirectory()
  const journal = open(place.file())
  symlinkSync(place.file(), place.file("link.db"))
  expect(complaint(() => open(place.file()))).toContain("is already open in this process")
  expect(complaint(() => open(place.file("link.db")))).toContain("is already open in this process")
  const child = spawnSync(process.execPath, [program, place.file()], { encoding: "utf8", timeout: 10_000 })
  expect(child.stderr).toContain(`is in use by another process (pid ${process.pid})`)
  journal.close("stopped")
})

test.each([
  ["nfs4", "server:/x /mnt/data nfs4 rw 0 0"],
  ["cifs", "//server/x /mnt/data cifs rw 0 0"],
  ["fuse.sshfs", "x /mnt/data fuse.sshfs rw 0 0"],
  ["9p", "x /mnt 9p rw 0 0"],
  [undefined, "x /mnt/data ext4 rw 0 0"],
  [undefined, "x /mnt/dat nfs4 rw 0 0"],
  [undefined, "x /mnt nfs4 rw 0 0\ny /mnt/data ext4 rw 0 0"],
  ["nfs", "x /mnt/data ext4 rw 0 0\ny /mnt/data nfs rw 0 0"],
])("the filesystem of /mnt/data/bots is the network's %p where the mounts are %p", (type, mounts) => {
  expect(networkType("/mnt/data/bots", `/dev/root / ext4 rw 0 0\n${mounts}\n`)).toBe(type)
})

test("a network filesystem is refused by its type, also where its name has blanks", () => {
  using place = tempDirectory()
  mkdirSync(place.file("my data"))
  const mounts = `/dev/root / ext4 rw 0 0\nserver:/x ${place.file("my\\040data")} nfs4 rw 0 0`
  expect(complaint(() => open(place.file("my data/bot.db"), { volume: { mounts } }))).toBe(
    `JournalError: ${place.file("my data/bot.db")} is on a network filesystem (nfs4), where SQLite is not safe; put it on a local volume`,
  )
  expect(readdirSync(place.file("my data"))).toEqual([])
})

test("a full disk is refused at the start", () => {
  using place = tempDirectory()
  expect(complaint(() => open(place.file(), { volume: { freeBytesMin: Number.MAX_SAFE_INTEGER } }))).toMatch(
    /^JournalError: the disk of .*bot\.db is full: \d+ bytes are left; free some space or choose another volume$/,
  )
})

test("a disk that fills up while running fails the turn by name with nothing of it written, and takes turns again when there is room", () => {
  using place = tempDirectory()
  const journal = open(place.file())
  journal.commit([{ kind: "order", order: order(1), cause: "submit", at: order(1).createdAt }])
  const inner = (journal as unknown as { connection: { pragma(text: string, options?: object): unknown } }).connection
  inner.pragma(`max_page_count = ${inner.pragma("page_count", { simple: true })}`)
  let count = 2
  const turn = (): void => {
    journal.commit([
      { kind: "order", order: order(count, { reason: "x".repeat(500) }), cause: "submit", at: 1 },
      { kind: "fill", fill: fill(count), at: 1 },
    ])
    count += 1
  }
  const said = complaint(() => {
    for (;;) turn()
  })
  expect(said).toBe(
    `JournalError: cannot write to ${place.file()}: the disk is full (SQLITE_FULL); free some space or give the bot a larger volume`,
  )
  expect(journal.status().failure).toBe(said.replace("JournalError: ", ""))
  expect(journal.order(order(count).clientId)).toBeUndefined()
  inner.pragma("max_page_count = 1000000")
  expect(journal.probe()).toBeUndefined()
  turn()
  expect(journal.status().failure).toBeUndefined()
  journal.close("stopped")
  const again = open(place.file())
  expect(again.restored.orders.length).toBe(count - 1)
  expect(again.restored.own[0]?.fills).toBe(count - 2)
  again.close("stopped")
})

const mayMount = (): boolean => {
  using place = tempDirectory()
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", place.path]).status !== 0) return false
  spawnSync("umount", [place.path])
  return true
}

test.skipIf(!mayMount())(
  "a disk that is really full or read-only is refused in plain words (skipped where nothing may be mounted)",
  () => {
    using place = tempDirectory()
    const disk = place.file("disk")
    mkdirSync(disk)
    spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk])
    try {
      expect(complaint(() => open(join(disk, "bot.db")))).toContain("is full")
      const clock = new HandClock()
      const journal = open(join(disk, "bot.db"), { clock, volume: { freeBytesMin: 0 } })
      const said = complaint(() => {
        for (let count = 1; ; count++)
          journal.commit([{ kind: "order", order: order(count), cause: "submit", at: order(count).createdAt }])
      })
      expect(said).toMatch(/: the disk (is full \(SQLITE_FULL\)|failed to read or write)/)
      // What is smaller than an order may still find room, but not for long.
      let probed: string | undefined
      for (let count = 0; probed === undefined && count < 10; count++) {
        clock.pass(1)
        probed = journal.probe()
      }
      expect(probed).toMatch(/the disk/)
      expect(complaint(() => journal.close("full"))).toContain("cannot close")
      spawnSync("mount", ["-o", "remount,ro", disk])
      expect(complaint(() => open(join(disk, "bot.db"), { volume: { freeBytesMin: 0 } }))).toMatch(
        /the disk or file is read-only|cannot be opened/,
      )
      expect(complaint(() => open(join(disk, "new.db"), { volume: { freeBytesMin: 0 } }))).toMatch(
        /the disk or file is read-only|cannot be opened/,
      )
    } finally {
      spawnSync("umount", [disk])
    }
  },
)

test("a directory this user may not write to is refused in plain words, and nothing is left there", () => {
  using place = tempDirectory()
  chmodSync(place.path, 0o555)
  // The superuser may write anywhere, so the child becomes nobody.
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const child = spawnSync(process.execPath, [program, place.file()], {
    ...nobody,
    encoding: "utf8",
    timeout: 10_000,
    cwd: "/",
  })
  chmodSync(place.path, 0o755)
  expect(child.status).not.toBe(0)
  expect(child.stderr).toContain(`cannot open ${place.file()}: the file cannot be opened or created (SQLITE_CANTOPEN)`)
  expect(existsSync(place.file())).toBe(false)
})
