// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMemberRegistry} from "./IMemberRegistry.sol";

/// @title What was anchored, in which order and when, and which index roots a quorum of governors agreed on.
/// @notice Commitments stand in storage for ever and keep their index. Entries travel as calldata only: every member
/// rebuilds the index from them. That `root` is the Merkle root of `entries` is not checked here; a batch where it is
/// not is void for every follower, and nothing counts until a checkpoint covers it.
interface IRecordLedger {
    /// @dev Two storage words. `votes` and `dissent` may still grow; the rest never changes. `round` counts the
    /// checkpoints of one `batchCount` from 0: another one is opened where the registry changed since the last.
    struct Checkpoint {
        bytes32 indexRoot; uint64 batchCount; uint16 votes; uint16 dissent; uint40 sinceBlock; uint32 round;
    }
    /// @dev Two storage words. What a quorum of governors took out of a batch; it never comes back.
    struct Drop { bytes32 bitmapHash; uint40 sinceBlock; uint16 votes; }

    event Anchored(
        uint256 indexed index,
        bytes32 indexed batchId,
        address indexed gateway,
        bytes32 root,
        uint256 count,
        bytes32 commitment
    );
    event Attested(uint256 indexed batchCount, bytes32 indexed indexRoot, bytes18 indexed governor, uint32 round);
    event CheckpointReached(
        uint256 indexed index, uint256 indexed batchCount, bytes32 indexRoot, uint16 votes, uint16 dissent, uint32 round
    );
    event DropVoted(uint256 indexed batch, bytes32 indexed bitmapHash, bytes18 indexed governor);
    /// @dev Bit 7 of the first byte is the batch's entry 0; a bit beyond the batch's count says nothing.
    event Dropped(uint256 indexed batch, uint256 indexed number, bytes bitmap, uint16 votes);

    error NotGateway(address account);
    /// @dev Entries within a contract's call would be in no transaction's calldata, where followers look for them.
    error EntriesNotInTransaction(address caller);
    error CountOutOfRange(uint256 count, uint256 most);
    error EntriesLengthMismatch(uint256 length, uint256 expected);
    /// @dev This very batch already stands at `index`: what was sent is safe.
    error AlreadyAnchored(uint256 index);
    error NotAttester(address account);
    error CountBeyondBatches(uint256 batchCount, uint256 batches);
    /// @dev A checkpoint of more batches stands already.
    error CountBehindCheckpoint(uint256 batchCount, uint256 checkpointBatchCount);
    /// @dev One vote a governor, count and round.
    error AlreadyAttested(uint256 batchCount, bytes18 governor);
    /// @dev A bitmap has 1 to 256 bytes, one bit for each of 2,048 entries at most.
    error BitmapOutOfRange(uint256 length, uint256 most);
    /// @dev One vote a governor, batch and bitmap, while no quorum is reached for it.
    error AlreadyVotedDrop(uint256 batch, bytes18 governor);
    error AlreadyDropped(uint256 batch, bytes32 bitmapHash);
    /// @dev The registry expects its ledger elsewhere.
    error OtherLedger(address expected);
    error UnknownBatch(uint256 index, uint256 batches);
    error UnknownCheckpoint(uint256 index, uint256 checkpoints);

    /// @notice Anchors one batch: `count` entries of 48 bytes under the Merkle root `root`.
    /// @dev By an active gateway account, else NotGateway, in a transaction of its own, else
    /// EntriesNotInTransaction. 1 <= count <= 2,048, else CountOutOfRange; the length of
    /// `entries` is 48 * count, else EntriesLengthMismatch; the batch id is new, else AlreadyAnchored with its index.
    /// @return index the batch's number, counted from 0.
    function anchor(bytes32 root, uint256 count, bytes calldata entries) external returns (uint256 index);

    /// @notice A governor's word that the index map over the first `batchCount` batches has the root `indexRoot`.
    /// @dev By a governor's attester account, else NotAttester; one vote a governor, count and round, else
    /// AlreadyAttested;
    /// 1 <= batchCount <= batches anchored, else CountBeyondBatches; not below the last checkpoint, else
    /// CountBehindCheckpoint. When the votes of active governors for one root pass half of all active governors, the
    /// checkpoint is written. A later vote on the last checkpoint's count grows its votes or its dissent, unless the
    /// registry changed in that checkpoint's block or later: then it counts for a new checkpoint of the same count, so
    /// that what changed is witnessed although no batch followed.
    function attest(uint256 batchCount, bytes32 indexRoot) external;

    /// @notice A governor's word that nobody can open these entries of a batch: where more than half of the active
    /// governors say so of the same bitmap, the entries count for nothing from there on.
    /// @dev By a governor's attester account, else NotAttester; UnknownBatch, BitmapOutOfRange; AlreadyDropped where
    /// this bitmap has its quorum; AlreadyVotedDrop. The event Dropped carries the bitmap.
    function drop(uint256 batch, bytes calldata bitmap) external;

    function consortium() external view returns (bytes32);
    function registry() external view returns (IMemberRegistry);
    function batchCount() external view returns (uint256);
    /// @notice The batch's index plus one; 0 where no such batch was anchored.
    function batchIndex(bytes32 batchId) external view returns (uint256 indexPlusOne);
    /// @dev UnknownBatch.
    function commitment(uint256 index) external view returns (bytes32);
    function checkpointCount() external view returns (uint256);
    /// @dev UnknownCheckpoint.
    function checkpoint(uint256 index) external view returns (Checkpoint memory);
    /// @notice The bits of the governors that voted on this count in this round, for any root.
    function voters(uint256 batchCount, uint256 round) external view returns (uint256 bits);
    /// @notice What was dropped of a batch, in the order of its quorums.
    function drops(uint256 batch) external view returns (Drop[] memory);
}
