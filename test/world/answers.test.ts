import { expect, test } from "bun:test"
import { Answers } from "../../src/world/replay/answers.ts"

const second = 1_000_000
const told = (...times: readonly [target: string, at: number][]) =>
  new Answers(
    times.map(([target, at]) => ({ target, at: at * second, body: `${target} ${at}` })),
    (target) => ({ "GET /book": 0, "GET /levels": 5 * second })[target] ?? Number.POSITIVE_INFINITY,
    (target) => target === "GET /listing",
  )
const take = (answers: Answers, target: string, at: number) => answers.take(target, at * second)?.body

test("what is asked as it was recorded is answered in that order, each once, and not long before its time", () => {
  const answers = told(["GET /past", 2], ["GET /past", 3], ["GET /other", 1], ["GET /past", 20])
  expect(take(answers, "GET /past", 1.5)).toBe("GET /past 2")
  expect(take(answers, "GET /past", 1.6)).toBe("GET /past 3")
  expect(take(answers, "GET /past", 3)).toBeUndefined()
  expect(take(answers, "GET /nothing", 1)).toBeUndefined()
  expect(take(answers, "GET /past", 18)).toBe("GET /past 20")
  expect(take(answers, "GET /past", 30)).toBeUndefined()
})

test("what is asked later than it was recorded gets the newest answer by then; of a book none", () => {
  const answers = told(["GET /past", 2], ["GET /past", 3], ["GET /past", 9], ["GET /book", 2], ["GET /book", 9])
  expect(take(answers, "GET /past", 8)).toBe("GET /past 3")
  expect(take(answers, "GET /past", 8)).toBe("GET /past 9")
  expect(take(answers, "GET /book", 4)).toBeUndefined()
  expect(take(answers, "GET /book", 8)).toBe("GET /book 9")
})

test("what is of use for a while is given that long, and then the next one, if it comes soon", () => {
  const answers = told(["GET /levels", 2], ["GET /levels", 3], ["GET /levels", 20], ["GET /levels", 30])
  expect(take(answers, "GET /levels", 7)).toBe("GET /levels 3")
  expect(take(answers, "GET /levels", 7)).toBeUndefined()
  expect(take(answers, "GET /levels", 26)).toBe("GET /levels 30")
})

test("what holds until it is another is answered as often as it is asked for, the first from the beginning", () => {
  const answers = told(["GET /listing", 20], ["GET /listing", 30])
  const asked = [1, 20, 29.9, 30, 99].map((at) => answers.take("GET /listing", at * second))
  expect(asked.map((answer) => [answer?.body, (answer?.at ?? 0) / second])).toEqual([
    ["GET /listing 20", 1],
    ["GET /listing 20", 20],
    ["GET /listing 20", 29.9],
    ["GET /listing 30", 30],
    ["GET /listing 30", 99],
  ])
})
