// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {IMemberRegistry} from "./IMemberRegistry.sol";

/// @title The RFC 7638 thumbprint of a public key, computed here so that nobody can register one key under another's.
library KeyThumbprint {
    uint256 private constant COORDINATE_BYTES = 32;

    /// @notice SHA-256 of the key's JWK with only its required members, in lexicographic order, without spaces.
    /// @dev MalformedPublicKey unless ES256 and SM2 come with x and y (64 bytes) and Ed25519 with 32 bytes.
    function compute(IMemberRegistry.KeyAlgorithm algorithm, bytes memory publicKey) internal pure returns (bytes32) {
        if (algorithm == IMemberRegistry.KeyAlgorithm.ED25519 && publicKey.length == COORDINATE_BYTES) {
            return sha256(abi.encodePacked('{"crv":"Ed25519","kty":"OKP","x":"', Base64.encodeURL(publicKey), '"}'));
        }
        bool hasCurve = algorithm == IMemberRegistry.KeyAlgorithm.ES256 || algorithm == IMemberRegistry.KeyAlgorithm.SM2;
        if (!hasCurve || publicKey.length != 2 * COORDINATE_BYTES) {
            revert IMemberRegistry.MalformedPublicKey(algorithm, publicKey.length);
        }
        (bytes32 x, bytes32 y) = abi.decode(publicKey, (bytes32, bytes32));
        return sha256(
            abi.encodePacked(
                '{"crv":"',
                algorithm == IMemberRegistry.KeyAlgorithm.ES256 ? "P-256" : "SM2",
                '","kty":"EC","x":"',
                Base64.encodeURL(abi.encodePacked(x)),
                '","y":"',
                Base64.encodeURL(abi.encodePacked(y)),
                '"}'
            )
        );
    }
}
