/** A trade as Binance USD-M futures sends it on a combined stream; the shape of a frame captured on 2024-08-08. */
export function tradeFrame(number: number, nowMs: number): string {
  const price = 61_000 + (number % 5_000) / 10
  const size = ((number * 7) % 900) + 1
  return (
    `{"stream":"btcusdt@trade","data":{"e":"trade","E":${nowMs},"T":${nowMs},"s":"BTCUSDT","t":${5_266_583_935 + number},` +
    `"p":"${price.toFixed(2)}","q":"0.${String(size).padStart(3, "0")}","X":"MARKET","m":${number % 2 === 0}}}`
  )
}
