/// How many input tokens a request can cost at most, from its size alone: what the ledger reserves.
package enum TokenBound {
    /// 1024: what a provider adds on its own (the preamble that explains tools is some 300 to 550
    /// tokens, each message a few marks), rounded up to be safe.
    package static let providerTokensMax = 1024

    /// Never less than what a provider counts for a request of `requestBytes` bytes.
    ///
    /// A tokenizer that falls back to bytes makes at most one token of a byte of UTF-8, and the
    /// JSON of a request holds every byte of its text, escapes making it longer only.
    /// `requestBytes` may be the provider's body or the canonical JSON of a `ModelRequest`. Usually
    /// three to four times the truth; settlement returns the rest. Saturates instead of
    /// overflowing.
    package static func inputTokens(requestBytes: Int) -> Int {
        let (sum, overflow) = max(0, requestBytes).addingReportingOverflow(providerTokensMax)
        return overflow ? Int.max : sum
    }

    /// A billion: a thousand times the largest context; keeps sums and products with prices in
    /// range.
    package static let tokensMax = 1_000_000_000

    /// A number of tokens as a provider said it, kept where arithmetic is safe.
    package static func bounded(_ said: Int) -> Int { min(max(said, 0), tokensMax) }

    /// The same, closer to the truth: `known` tokens were counted for the first `knownBytes` of
    /// this very conversation, so only what was added has to be bounded.
    package static func inputTokens(
        requestBytes: Int, known: Int, of knownBytes: Int
    ) -> Int {
        let bound = inputTokens(requestBytes: requestBytes)
        guard requestBytes >= knownBytes, known >= 0 else { return bound }
        return min(bound, known + (requestBytes - knownBytes) + marksMax)
    }

    /// 64: the marks around a few more messages, should their JSON have fewer bytes than that.
    private static let marksMax = 64
}
