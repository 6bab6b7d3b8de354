package import AuraModel

/// MESSAGE_ID of each kind of entry: one fixed 128-bit id, see sd-id128(3) and
/// systemd.journal-fields(7).
///
/// Scripts match on them and `debian/aura.catalog` explains them: an id never changes.
package enum MessageID {
    /// The id of a kind, 32 lower-case hexadecimal digits.
    package static func of(_ kind: Fact.Kind) -> String {
        switch kind {
        case .daemonStarted: "f853533d66b94ea2a6a7eb64a9bce52b"
        case .daemonStopped: "82dd0ace877443c1ad8e68f9b7693911"
        case .definitionLoaded: "42ac8c0f990b437da3de989725ff53c6"
        case .definitionRemoved: "ab30777406b8426da83da66eb699a1de"
        case .definitionRefused: "88a1fbcb6c7c4cf38b98e40cfeb99d65"
        case .automatonStarted: "8411449de9434a1db1995049e340635d"
        case .automatonStopped: "e6df2501505549f786b539946ff2ab39"
        case .automatonPaused: "3d0c5a5d1f0f4a2e9c1b7f6e21a84c90"
        case .breakerOpened: "7c1e5b0a94d3486fb2a7e9d01c6f38a5"
        case .runsHeld: "d7a90c4e51b84f2c9e6f3b7a2d18c5e0"
        case .quarantined: "4b6d2f8e0c3a4795a1e7d9c05b8f3e62"
        case .automatonResumed: "b1f2a3c86a9d4b6a8b1f3d5e7c902a4e"
        case .clockStepped: "5e7a1c0d94b24f38a6d2e8b3c1f4079a"
        case .successOverdue: "c4d9e2f17b3a4c5d8e6f0a1b2c3d4e5f"
        case .firingsMissed: "9a8b7c6d5e4f4a3b9c1d0e2f3a4b5c6d"
        case .occurrenceDecided: "6ec06edfef9c4cef8017b11ededf333d"
        case .changeMarked: "efbb12467ec5232cbae7289f60d82934"
        case .messageReceived: "b7c51f0e2d6a4b0c9a35e1f4d2880a6e"
        case .threadForked: "3f9e0a7cb1d84e5f8c26d07a94b1e35d"
        case .runAdmitted: "0488c48057e74989a23b23560addbaa0"
        case .attemptStarted: "5f121066c8a440ec93c52ee06045d76b"
        case .attemptReady: "5a3ff77d1a934df28532631a57b35642"
        case .attemptEnded: "21384109d7a34e0082a9b69a1167c7ad"
        case .takenOver: "b03c5a8e16f24d7c9e40a1d86f72c35b"
        case .transacted: "54ea422d84d64eaaafa2fb403c1680c4"
        case .commanded: "0e9fa1c980a749f7a314b73905bcc51a"
        case .reserved: "ca3bbf7bd115455796fa3effae4c8e60"
        case .settled: "895b84d36e9a470cadbff96578def050"
        case .callHeld: "7d0c2f9e1b6a4f53a8c4e5d61f2b3a90"
        case .callPlaced: "2b9f4c6d8e1a4b7c9d3e5f60718293a4"
        case .runParked: "c1a5e8d27f3b4690b5d4c3e2f1a09b8c"
        case .runUnparked: "e4f3a2b1c0d94e8fa7b6c5d4e3f2a1b0"
        case .routeOpened: "8f6e5d4c3b2a4190bf8e7d6c5b4a3f29"
        case .routeClosed: "3a1c5e7f9b8d4062a4c6e8f0b1d3f5a7"
        case .requestMade: "1c11be8a0caf42ea812f02cbb1b5ebe8"
        case .requestRefused: "ff58b7bed3ee42f9902343a07a54dc53"
        case .requestEnded: "44fd2fd313ec4428ab1956c7631001ad"
        case .stopRequested: "f600e65a61d44e158239622fab3859f7"
        case .runFinished: "28a3ae16ae944bdca38a2d6dc485e7bc"
        case .checkpoint: "0e3b9da6db24491bbdbea4c44f86529b"
        case .recordPruned: "5b1f0a7c93de4c68a2f4d17be08c6a35"
        }
    }
}
