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
}
