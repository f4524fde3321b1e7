import { moneyText } from "../../matching/instrument.ts"
import type { MemberHandler } from "./rest-account.ts"

/**
 * The little of the wallet API (/sapi) that general-purpose clients read before they trade futures: which coins there are, with
 * no network to deposit or withdraw over, and that no pair is margined outside of futures.
 */
export const coins: MemberHandler = (exchange, member) => {
  const names = new Set([...exchange.pits.values()].flatMap(({ listing }) => [listing.base, listing.quote]))
  return JSON.stringify(
    [...names].map((coin) => ({
      coin,
      name: coin,
      depositAllEnable: false,
      withdrawAllEnable: false,
      free: moneyText(member.account.wallet.get(coin) ?? 0n),
      locked: "0",
      freeze: "0",
      withdrawing: "0",
      ipoing: "0",
      ipoable: "0",
      storage: "0",
      isLegalMoney: false,
      trading: true,
      networkList: [],
    })),
  )
}

export const marginPairs: MemberHandler = () => "[]"
