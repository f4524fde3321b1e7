import { expect, test } from "bun:test"
import { isTelltale, mask, maskData, maskFrame, maskId } from "../../../src/runtime/domain/redaction.ts"
import { AWKWARD } from "../awkward.ts"

test.each([
  ["", ""],
  ["a", "[REDACTED]"],
  ["12345678", "[REDACTED]"],
  ["123456789", "123...789"],
  ["12345678901234", "123...234"],
  ["123456789012345", "123456...2345"],
  ["ключ-номер-семь-и-ещё", "ключ-н...-ещё"],
])("the identifier %p is shown as %p", (id, shown) => {
  expect(maskId(id)).toBe(shown)
})

test("a secret is masked as it is, percent-encoded and escaped as in JSON, the longest first", () => {
  const secrets = ["s3cr/t+k y", 'quo"te', "abc", "abcdef"]
  const text = `raw s3cr/t+k y, url ${encodeURIComponent("s3cr/t+k y")}, json ${JSON.stringify({ v: 'quo"te' })}, abcdef abc`
  expect(mask(text, secrets)).toBe('raw [REDACTED], url [REDACTED], json {"v":"[REDACTED]"}, [REDACTED] [REDACTED]')
})

test("an empty or blank secret masks nothing", () => {
  expect(mask("a b c", ["", " "])).toBe("a b c")
})

test.each([
  ['{"op":"login","args":[{"apiKey":"k"}]}', true],
  ["POST /fapi/v1/order?symbol=BTCUSDT&SIGNATURE=ab12", true],
  ['{"method":"SUBSCRIBE","params":["btcusdt@depth"]}', false],
  ['{"event":"api","payload":{"req_header":{},"KEY":1,"x":{"key":2}}}', true],
])("whether %p carries a credential: %p", (frame, telltale) => {
  expect(isTelltale(frame)).toBe(telltale)
})

test("a frame that carries a credential is shown as its length in bytes only", () => {
  expect(maskFrame('{"passphrase":"é"}')).toBe("[REDACTED] (19 bytes)")
  expect(maskFrame('{"op":"ping"}')).toBe('{"op":"ping"}')
})

test("planted secrets leave no trace in a state dump, wherever they stand", () => {
  const secrets = ["planted-secret-1", "77001122", "p@ss/word"]
  const cyclic: Record<string, unknown> = { note: "planted-secret-1" }
  cyclic["self"] = cyclic
  const state = {
    text: "before planted-secret-1 after",
    list: ["p%40ss%2Fword", { deep: 77001122 }],
    map: new Map([["planted-secret-1", { apiKey: "unknown to the list" }]]),
    set: new Set(["p@ss/word"]),
    error: new Error("refused planted-secret-1", { cause: new Error("p@ss/word") }),
    credentials: { anything: ["even here"], empty: "" },
    big: 77001122n,
    levels: new Float64Array([1, 2.5]),
    cyclic,
    size: 3,
    run: undefined,
  }
  const dump = JSON.stringify(maskData(state, secrets))
  for (const secret of [...secrets, "p%40ss", "unknown to the list", "even here"]) expect(dump).not.toContain(secret)
  expect(JSON.parse(dump)).toMatchObject({
    text: "before [REDACTED] after",
    levels: [1, 2.5],
    size: 3,
    credentials: { empty: "" },
  })
})

test.each(AWKWARD)("a copy of whatever may be thrown can be written as JSON: $name", ({ make }) => {
  const copied = maskData({ before: 1, thrown: make(), inside: [{ deep: make() }], after: "s3cret" }, ["s3cret"])
  expect(JSON.parse(JSON.stringify(copied))).toMatchObject({ before: 1, after: "[REDACTED]" })
})
