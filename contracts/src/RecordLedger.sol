// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Bits} from "./Bits.sol";
import {IMemberRegistry} from "./IMemberRegistry.sol";
import {IRecordLedger} from "./IRecordLedger.sol";

/// @title See IRecordLedger. The storage layout is part of the interface: proofs derive slots from it.
contract RecordLedger is IRecordLedger {
    uint256 private constant COUNT_MAX = 2048;
    uint256 private constant ENTRY_BYTES = 48;

    bytes32[] private _commitments;
    mapping(bytes32 batchId => uint256 indexPlusOne) private _batchIndex;
    Checkpoint[] private _checkpoints;
    mapping(uint256 batchCount => uint256 bits) private _voters;
    mapping(uint256 batchCount => mapping(bytes32 indexRoot => uint256 bits)) private _votes;

    /// @inheritdoc IRecordLedger
    bytes32 public immutable consortium;
    /// @inheritdoc IRecordLedger
    IMemberRegistry public immutable registry;

    constructor(IMemberRegistry registry_) {
        registry = registry_;
        consortium = registry_.consortium();
    }

    /// @inheritdoc IRecordLedger
    function anchor(bytes32 root, uint256 count, bytes calldata entries) external returns (uint256 index) {
        if (registry.gatewayMember(msg.sender) == 0) revert NotGateway(msg.sender);
        if (msg.sender != tx.origin) revert EntriesNotInTransaction(msg.sender);
        if (count == 0 || count > COUNT_MAX) revert CountOutOfRange(count, COUNT_MAX);
        if (entries.length != count * ENTRY_BYTES) revert EntriesLengthMismatch(entries.length, count * ENTRY_BYTES);
        bytes32 entriesHash = keccak256(entries);
        bytes32 batchId = keccak256(abi.encode(root, count, entriesHash, msg.sender));
        uint256 indexPlusOne = _batchIndex[batchId];
        if (indexPlusOne != 0) revert AlreadyAnchored(indexPlusOne - 1);

        index = _commitments.length;
        // The batch is bound to its place and time, so no proof of it can be moved to another.
        bytes32 commitment_ = keccak256(
            abi.encode(consortium, index, root, count, entriesHash, msg.sender, block.number, block.timestamp)
        );
        _commitments.push(commitment_);
        _batchIndex[batchId] = index + 1;
        emit Anchored(index, batchId, msg.sender, root, count, commitment_);
    }

    /// @inheritdoc IRecordLedger
    function attest(uint256 batchCount_, bytes32 indexRoot) external {
        (bytes18 governor, uint256 ordinal, uint256 activeBits) = registry.attesterStanding(msg.sender);
        if (governor == 0) revert NotAttester(msg.sender);
        if (batchCount_ == 0 || batchCount_ > _commitments.length) {
            revert CountBeyondBatches(batchCount_, _commitments.length);
        }
        uint256 settled = _lastCheckpointCount();
        if (batchCount_ < settled) revert CountBehindCheckpoint(batchCount_, settled);
        uint256 voterBits = _voters[batchCount_];
        if (Bits.has(voterBits, ordinal)) revert AlreadyAttested(batchCount_, governor);

        voterBits |= 1 << ordinal;
        _voters[batchCount_] = voterBits;
        emit Attested(batchCount_, indexRoot, governor);
        if (batchCount_ == settled) {
            _joinCheckpoint(indexRoot);
        } else {
            _count(batchCount_, indexRoot, ordinal, voterBits, activeBits);
        }
    }

    /// @inheritdoc IRecordLedger
    function batchCount() external view returns (uint256) {
        return _commitments.length;
    }

    /// @inheritdoc IRecordLedger
    function batchIndex(bytes32 batchId) external view returns (uint256 indexPlusOne) {
        return _batchIndex[batchId];
    }

    /// @inheritdoc IRecordLedger
    function commitment(uint256 index) external view returns (bytes32) {
        if (index >= _commitments.length) revert UnknownBatch(index, _commitments.length);
        return _commitments[index];
    }

    /// @inheritdoc IRecordLedger
    function checkpointCount() external view returns (uint256) {
        return _checkpoints.length;
    }

    /// @inheritdoc IRecordLedger
    function checkpoint(uint256 index) external view returns (Checkpoint memory) {
        if (index >= _checkpoints.length) revert UnknownCheckpoint(index, _checkpoints.length);
        return _checkpoints[index];
    }

    /// @inheritdoc IRecordLedger
    function voters(uint256 batchCount_) external view returns (uint256 bits) {
        return _voters[batchCount_];
    }

    /// @dev Counts a vote for a count that no checkpoint holds yet. A governor expelled since it voted counts neither
    /// in the votes nor in the whole.
    function _count(uint256 count, bytes32 indexRoot, uint256 ordinal, uint256 voterBits, uint256 activeBits) private {
        uint256 voteBits = _votes[count][indexRoot] | (1 << ordinal);
        uint16 votes = Bits.size(voteBits & activeBits);
        if (2 * uint256(votes) <= Bits.size(activeBits)) {
            _votes[count][indexRoot] = voteBits;
            return;
        }
        // From here on the checkpoint itself counts, so the tally of this root is not written again.
        uint16 dissent = Bits.size(voterBits & activeBits) - votes;
        uint256 index = _checkpoints.length;
        _checkpoints.push(
            Checkpoint(indexRoot, SafeCast.toUint64(count), votes, dissent, SafeCast.toUint40(block.number))
        );
        emit CheckpointReached(index, count, indexRoot, votes, dissent);
    }

    function _joinCheckpoint(bytes32 indexRoot) private {
        Checkpoint storage last = _checkpoints[_checkpoints.length - 1];
        if (last.indexRoot == indexRoot) {
            ++last.votes;
        } else {
            ++last.dissent;
        }
    }

    function _lastCheckpointCount() private view returns (uint256) {
        uint256 length = _checkpoints.length;
        return length == 0 ? 0 : _checkpoints[length - 1].batchCount;
    }
}
