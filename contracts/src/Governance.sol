// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Bits} from "./Bits.sol";
import {Facts} from "./Facts.sol";
import {IMemberRegistry} from "./IMemberRegistry.sol";

/// @title Who governs, and what the governors decide together.
/// @dev A governor's ordinal is given once and never reused, so sets of governors are words and a vote can be counted
/// against those active now without a loop over them.
abstract contract Governance is Facts {
    uint256 private constant GOVERNORS_MAX = 256;

    bytes18[] private _governors;
    mapping(bytes18 uscc => uint256 ordinalPlusOne) private _ordinals;
    uint256 internal _activeBits;
    mapping(bytes18 uscc => address account) internal _attesters;
    mapping(bytes18 uscc => bool) internal _hadController;
    Proposal[] private _proposals;

    /// @inheritdoc IMemberRegistry
    uint40 public immutable proposalLifetimeBlocks;

    constructor(uint40 proposalLifetimeBlocks_) {
        proposalLifetimeBlocks = proposalLifetimeBlocks_;
    }

    /// @inheritdoc IMemberRegistry
    function propose(Action action, bytes calldata payload) external returns (uint256 id) {
        bytes18 governor = _requireGovernor();
        if (action == Action.NONE) revert UnknownAction();
        id = _proposals.length;
        _proposals.push(Proposal(action, _now(), 0, governor, 0, payload));
        emit Proposed(id, action, governor, payload);
        _approve(id, governor);
    }

    /// @inheritdoc IMemberRegistry
    function approve(uint256 id) external {
        bytes18 governor = _requireGovernor();
        uint256 approvals = _requireOpen(id).approvals;
        if (Bits.has(approvals, _ordinal(governor))) revert AlreadyApproved(id, governor);
        _approve(id, governor);
    }

    /// @inheritdoc IMemberRegistry
    function withdraw(uint256 id) external {
        bytes18 governor = _requireGovernor();
        Proposal storage open = _requireOpen(id);
        if (!Bits.has(open.approvals, _ordinal(governor))) revert NotApproved(id, governor);
        open.approvals &= ~(1 << _ordinal(governor));
        emit Withdrawn(id, governor);
    }

    /// @inheritdoc IMemberRegistry
    function governors() external view returns (bytes18[] memory everyOne, uint256 activeBits) {
        return (_governors, _activeBits);
    }

    /// @inheritdoc IMemberRegistry
    function attesterOf(bytes18 governor) external view returns (address) {
        return _attesters[governor];
    }

    /// @inheritdoc IMemberRegistry
    function proposalCount() external view returns (uint256) {
        return _proposals.length;
    }

    /// @inheritdoc IMemberRegistry
    function proposal(uint256 id) external view returns (Proposal memory) {
        if (id >= _proposals.length) revert UnknownProposal(id);
        return _proposals[id];
    }

    /// @inheritdoc IMemberRegistry
    function attesterStanding(address account)
        external
        view
        returns (bytes18 governor, uint256 ordinal, uint256 activeBits)
    {
        AccountVersion memory version = _accountNow(account);
        uint256 ordinalPlusOne = _ordinals[version.member];
        activeBits = _activeBits;
        if (version.purposes & ATTESTER == 0 || !Bits.has(activeBits, ordinalPlusOne - 1)) return (0, 0, activeBits);
        return (version.member, ordinalPlusOne - 1, activeBits);
    }

    /// @dev What an approved action does; MemberRegistry says it.
    function _execute(Action action, bytes memory payload) internal virtual;

    function _approve(uint256 id, bytes18 governor) private {
        Proposal storage open = _proposals[id];
        open.approvals |= 1 << _ordinal(governor);
        emit Approved(id, governor);
        if (Bits.size(open.approvals & _activeBits) < _thresholdNow()) return;
        // Marked before it acts, so that nothing it does can execute it again.
        open.executedBlock = _now();
        emit Executed(id, open.action);
        _execute(open.action, open.payload);
    }

    function _seatGovernor(bytes18 uscc) internal {
        uint256 ordinalPlusOne = _ordinals[uscc];
        if (ordinalPlusOne == 0) {
            if (_governors.length == GOVERNORS_MAX) revert TooManyGovernors(GOVERNORS_MAX);
            _governors.push(uscc);
            ordinalPlusOne = _governors.length;
            _ordinals[uscc] = ordinalPlusOne;
        }
        _activeBits |= 1 << (ordinalPlusOne - 1);
    }

    function _unseatGovernor(bytes18 uscc) internal {
        uint256 remaining = _activeBits & ~(1 << _ordinal(uscc));
        if (remaining == 0) revert LastGovernor(uscc);
        _activeBits = remaining;
        _requireThreshold(_thresholdNow());
    }

    function _requireThreshold(uint16 threshold) internal view {
        uint256 active = Bits.size(_activeBits);
        if (threshold == 0 || threshold > active) revert ThresholdOutOfRange(threshold, active);
    }

    function _requireController() internal view returns (bytes18) {
        AccountVersion memory version = _accountNow(msg.sender);
        if (version.purposes & CONTROLLER == 0) revert NotController(msg.sender);
        return version.member;
    }

    function _requireGovernor() internal view returns (bytes18 governor) {
        governor = _requireController();
        if (!_isActiveGovernor(_memberNow(governor))) revert NotGovernor(governor);
    }

    function _isActiveGovernor(MemberVersion memory member) internal pure returns (bool) {
        return member.kind == MemberKind.GOVERNOR && member.state == MemberState.ACTIVE;
    }

    function _requireOpen(uint256 id) private view returns (Proposal storage open) {
        if (id >= _proposals.length) revert UnknownProposal(id);
        open = _proposals[id];
        if (open.executedBlock != 0) revert ProposalExecuted(id, open.executedBlock);
        uint256 lastBlock = uint256(open.sinceBlock) + proposalLifetimeBlocks;
        if (block.number > lastBlock) revert ProposalLapsed(id, lastBlock);
    }

    function _ordinal(bytes18 governor) private view returns (uint256) {
        return _ordinals[governor] - 1;
    }
}
