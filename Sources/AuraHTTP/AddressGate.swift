internal import AuraModel
internal import CCurl

/// Looks at each address that one transfer is about to connect to, after every resolution: no answer
/// of a name server can come between.
///
/// Belongs to its transfer and lives as long.
final class AddressGate {
    /// Why an address was refused; nil when none was.
    private(set) var refusal: String?

    private let origin: FetchOrigin
    private let grants: [FetchGrant]

    /// The gate of a connection to `origin` under those grants.
    init(_ origin: FetchOrigin, _ grants: [FetchGrant]) {
        self.origin = origin
        self.grants = grants
    }

    /// Has libcurl ask before each connection of `easy`.
    func attach(to easy: UnsafeMutableRawPointer) -> CURLcode {
        // SAFETY: used by a callback of this easy handle only, which goes before its gate does.
        let context = Unmanaged.passUnretained(self).toOpaque()
        let code = aura_curl_set_pointer(easy, CURLOPT_OPENSOCKETDATA, context)
        guard code == CURLE_OK else { return code }
        return aura_curl_set_open_socket(easy) { context, purpose, address in
            guard let context, let address,
                Unmanaged<AddressGate>.fromOpaque(context).takeUnretainedValue().admits(address)
            else { return CURL_SOCKET_BAD }
            return aura_curl_open_socket(context, purpose, address)
        }
    }

    /// Whether the address may be connected to.
    ///
    /// One that may not ends the exchange: a name that leads to a public and to a private address is
    /// not tried further.
    private func admits(_ address: UnsafeMutablePointer<curl_sockaddr>) -> Bool {
        guard refusal == nil else { return false }
        var port: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
            // SAFETY: the shim writes at most the 16 bytes that there is room for.
            count = Int(aura_curl_address(address, buffer.baseAddress, &port))
        }
        guard let peer = NetworkAddress(bytes: bytes) else {
            refusal = "\(origin.host) leads to no internet address"
            return false
        }
        guard let restriction = peer.restriction else { return true }
        if grants.names(peer, port: Int(port)) { return true }
        refusal =
            "\(origin.host) leads to \(peer.text), which is \(restriction): such an address "
            + "is reached only where the definition names it with its port"
        return false
    }
}
