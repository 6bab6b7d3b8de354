internal import AuraModel

/// The Anthropic Messages API without a network: pure functions from request to bytes and back.
///
/// Events become an answer, errors a class. See
/// https://docs.anthropic.com/en/api/messages-streaming.
package enum AnthropicMessages {
    /// The API's version, sent with every request.
    package static let version = "2023-06-01"
    /// Where messages are posted, below a base URL.
    package static let path = "/v1/messages"
    /// 4: the provider refuses a request with more marks for its cache.
    package static let cacheMarksMax = 4
}
