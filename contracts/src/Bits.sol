// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Sets of governors as words: bit i stands for the governor of ordinal i.
library Bits {
    /// @notice How many bits are set.
    function size(uint256 bits) internal pure returns (uint16 count) {
        for (; bits != 0; bits &= bits - 1) {
            ++count;
        }
    }

    function has(uint256 bits, uint256 ordinal) internal pure returns (bool) {
        return bits & (1 << ordinal) != 0;
    }
}
