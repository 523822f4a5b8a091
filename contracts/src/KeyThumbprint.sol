// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {IMemberRegistry} from "./IMemberRegistry.sol";

/// @title The RFC 7638 thumbprint of a public key, computed here so that nobody can register one key under another's.
library KeyThumbprint {
    uint256 private constant COORDINATE_BYTES = 32;

    /// @notice SHA-256 of the key's JWK with only its required members, in lexicographic order, without spaces.
    /// @dev MalformedPublicKey unless ES256 comes with x and y (64 bytes) and EdDSA with 32 bytes.
    function compute(IMemberRegistry.KeyAlgorithm algorithm, bytes memory publicKey) internal pure returns (bytes32) {
        if (algorithm == IMemberRegistry.KeyAlgorithm.EDDSA && publicKey.length == COORDINATE_BYTES) {
            return sha256(abi.encodePacked('{"crv":"Ed25519","kty":"OKP","x":"', Base64.encodeURL(publicKey), '"}'));
        }
        if (algorithm == IMemberRegistry.KeyAlgorithm.ES256 && publicKey.length == 2 * COORDINATE_BYTES) {
            (bytes32 x, bytes32 y) = abi.decode(publicKey, (bytes32, bytes32));
            return sha256(
                abi.encodePacked(
                    '{"crv":"P-256","kty":"EC","x":"',
                    Base64.encodeURL(abi.encodePacked(x)),
                    '","y":"',
                    Base64.encodeURL(abi.encodePacked(y)),
                    '"}'
                )
            );
        }
        revert IMemberRegistry.MalformedPublicKey(algorithm, publicKey.length);
    }
}
