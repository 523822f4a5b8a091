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
    uint256 private constant BITMAP_BYTES_MAX = COUNT_MAX / 8;

    /// @dev One governor's word on one count, as it is being counted.
    struct Vote {
        uint256 count; uint32 round; bytes32 indexRoot; uint256 ordinal; uint256 voterBits; uint256 activeBits;
    }

    bytes32[] private _commitments;
    mapping(bytes32 batchId => uint256 indexPlusOne) private _batchIndex;
    Checkpoint[] private _checkpoints;
    mapping(uint256 batch => Drop[]) private _drops;
    mapping(uint256 batchCount => mapping(uint256 round => uint256 bits)) private _voters;
    mapping(uint256 batchCount => mapping(uint256 round => mapping(bytes32 indexRoot => uint256 bits))) private _votes;
    mapping(uint256 batch => mapping(bytes32 bitmapHash => uint256 bits)) private _dropVotes;

    /// @inheritdoc IRecordLedger
    bytes32 public immutable consortium;
    /// @inheritdoc IRecordLedger
    IMemberRegistry public immutable registry;

    constructor(IMemberRegistry registry_) {
        // Each contract names the other, so the pair that a trust root pins is one.
        if (address(registry_.ledger()) != address(this)) revert OtherLedger(address(registry_.ledger()));
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
        Checkpoint memory last = _lastCheckpoint();
        if (batchCount_ < last.batchCount) revert CountBehindCheckpoint(batchCount_, last.batchCount);
        bool stands = batchCount_ == last.batchCount;
        // A change in the checkpoint's own block may have come after it.
        bool reopened = stands && registry.changedBlock() >= last.sinceBlock;
        uint32 round = !stands ? 0 : reopened ? last.round + 1 : last.round;
        uint256 voterBits = _voters[batchCount_][round];
        if (Bits.has(voterBits, ordinal)) revert AlreadyAttested(batchCount_, governor);

        voterBits |= 1 << ordinal;
        _voters[batchCount_][round] = voterBits;
        emit Attested(batchCount_, indexRoot, governor, round);
        if (stands && !reopened) {
            _joinCheckpoint(indexRoot);
        } else {
            _count(Vote(batchCount_, round, indexRoot, ordinal, voterBits, activeBits));
        }
    }

    /// @inheritdoc IRecordLedger
    function drop(uint256 batch, bytes calldata bitmap) external {
        (bytes18 governor, uint256 ordinal, uint256 activeBits) = registry.attesterStanding(msg.sender);
        if (governor == 0) revert NotAttester(msg.sender);
        if (batch >= _commitments.length) revert UnknownBatch(batch, _commitments.length);
        if (bitmap.length == 0 || bitmap.length > BITMAP_BYTES_MAX) {
            revert BitmapOutOfRange(bitmap.length, BITMAP_BYTES_MAX);
        }
        bytes32 bitmapHash = keccak256(bitmap);
        uint256 bits = _dropVotes[batch][bitmapHash];
        if (bits == type(uint256).max) revert AlreadyDropped(batch, bitmapHash);
        if (Bits.has(bits, ordinal)) revert AlreadyVotedDrop(batch, governor);

        bits |= 1 << ordinal;
        emit DropVoted(batch, bitmapHash, governor);
        uint16 votes = Bits.size(bits & activeBits);
        bool isQuorum = 2 * uint256(votes) > Bits.size(activeBits);
        _dropVotes[batch][bitmapHash] = isQuorum ? type(uint256).max : bits;
        if (isQuorum) {
            _drops[batch].push(Drop(bitmapHash, SafeCast.toUint40(block.number), votes));
            emit Dropped(batch, _drops[batch].length - 1, bitmap, votes);
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
    function voters(uint256 batchCount_, uint256 round) external view returns (uint256 bits) {
        return _voters[batchCount_][round];
    }

    /// @inheritdoc IRecordLedger
    function drops(uint256 batch) external view returns (Drop[] memory) {
        return _drops[batch];
    }

    /// @dev Counts a vote of a round that no checkpoint holds yet. A governor expelled since it voted counts neither
    /// in the votes nor in the whole.
    function _count(Vote memory vote) private {
        uint256 voteBits = _votes[vote.count][vote.round][vote.indexRoot] | (1 << vote.ordinal);
        uint16 votes = Bits.size(voteBits & vote.activeBits);
        if (2 * uint256(votes) <= Bits.size(vote.activeBits)) {
            _votes[vote.count][vote.round][vote.indexRoot] = voteBits;
            return;
        }
        // From here on the checkpoint itself counts, so the tally of this root is not written again.
        uint16 dissent = Bits.size(vote.voterBits & vote.activeBits) - votes;
        uint256 index = _checkpoints.length;
        uint64 count = SafeCast.toUint64(vote.count);
        _checkpoints.push(
            Checkpoint(vote.indexRoot, count, votes, dissent, SafeCast.toUint40(block.number), vote.round)
        );
        emit CheckpointReached(index, count, vote.indexRoot, votes, dissent, vote.round);
    }

    function _joinCheckpoint(bytes32 indexRoot) private {
        Checkpoint storage last = _checkpoints[_checkpoints.length - 1];
        if (last.indexRoot == indexRoot) {
            ++last.votes;
        } else {
            ++last.dissent;
        }
    }

    /// @dev All zero where there is none.
    function _lastCheckpoint() private view returns (Checkpoint memory last) {
        uint256 length = _checkpoints.length;
        if (length != 0) last = _checkpoints[length - 1];
    }
}
