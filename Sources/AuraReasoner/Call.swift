internal import AuraModel

/// A call under way: how it is carried out, and until when.
struct Call {
    enum Exchange {
        case http(Transfer)
        /// `result` nil: it stalls.
        case scripted(result: Result<ModelAnswer, ModelFailure>?, due: Milliseconds)
    }

    var exchange: Exchange
    let started: Milliseconds
    let firstByteTimeout: Milliseconds
    let idleTimeout: Milliseconds
    let totalTimeout: Milliseconds
    /// Replaced in messages, should the provider repeat it.
    let key: String
    /// Whether the beginning's usage was given out.
    var hasBegun = false
    /// Set when the result was given out: until when the rest of the framing may come.
    var settled: Milliseconds?

    /// When this call must be looked at again, at the latest.
    var due: Milliseconds {
        if let settled { return settled }
        guard case .scripted(.some, let due) = exchange else { return deadline }
        return min(due, deadline)
    }

    /// When it has lasted too long, in silence or in all.
    var deadline: Milliseconds { min(idleDeadline, totalDeadline) }

    /// What its failure says when the deadline has passed.
    var lateness: String {
        idleDeadline <= totalDeadline
            ? "no byte for \(DurationText.format(silenceMax.count))"
            : "no whole answer within \(DurationText.format(totalTimeout.count))"
    }

    /// The longest silence, as far as the call is.
    private var silenceMax: Milliseconds {
        guard case .http(let transfer) = exchange, !transfer.hasAnswered else { return idleTimeout }
        return firstByteTimeout
    }

    private var idleDeadline: Milliseconds {
        guard case .http(let transfer) = exchange else { return started.later(by: idleTimeout) }
        return transfer.lastActivity.later(by: silenceMax)
    }

    private var totalDeadline: Milliseconds { started.later(by: totalTimeout) }
}

extension Milliseconds {
    /// The sum; saturates, so that an endless timeout is one.
    func later(by span: Milliseconds) -> Milliseconds {
        let (sum, overflow) = count.addingReportingOverflow(span.count)
        return Milliseconds(overflow ? Int.max : sum)
    }
}
