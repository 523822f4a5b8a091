// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IMemberRegistry} from "./IMemberRegistry.sol";
import {IRecordLedger} from "./IRecordLedger.sol";

/// @title What the governors agree on: policies, whose code is whose, operators, tag keys, and the list of authorities.
/// @dev Slots are part of the interface: off-chain proofs derive their keys from them.
abstract contract VotedFacts is IMemberRegistry {
    uint256 private constant AUTHORITIES_MAX = 128;

    mapping(bytes32 name => PolicyVersion[]) private _policies;
    mapping(bytes32 register => mapping(bytes32 code => AssignmentVersion[])) private _assignments;
    mapping(bytes18 member => OperatorVersion[]) private _operators;
    TagKeyVersion[] private _tagKeys;
    AuthorityVersion[] private _authorities;
    ThresholdVersion[] private _thresholds;
    uint40 private _changedBlock;

    /// @inheritdoc IMemberRegistry
    IRecordLedger public immutable ledger;

    constructor(IRecordLedger ledger_) {
        ledger = ledger_;
    }

    /// @inheritdoc IMemberRegistry
    function policyVersions(bytes32 name) external view returns (PolicyVersion[] memory) {
        return _policies[name];
    }

    /// @inheritdoc IMemberRegistry
    function assignmentVersions(bytes32 register, bytes32 code) external view returns (AssignmentVersion[] memory) {
        return _assignments[register][code];
    }

    /// @inheritdoc IMemberRegistry
    function operatorVersions(bytes18 member) external view returns (OperatorVersion[] memory) {
        return _operators[member];
    }

    /// @inheritdoc IMemberRegistry
    function tagKeyVersions() external view returns (TagKeyVersion[] memory) {
        return _tagKeys;
    }

    /// @inheritdoc IMemberRegistry
    function authorityVersions() external view returns (AuthorityVersion[] memory) {
        return _authorities;
    }

    /// @inheritdoc IMemberRegistry
    function thresholdVersions() external view returns (ThresholdVersion[] memory) {
        return _thresholds;
    }

    /// @inheritdoc IMemberRegistry
    function changedBlock() external view returns (uint40) {
        return _changedBlock;
    }

    function _writePolicy(bytes32 name, bytes32 value) internal {
        _requireText(name);
        _policies[name].push(PolicyVersion(value, _stamp()));
        emit PolicyChanged(name, value);
    }

    function _writeAssignment(bytes32 register, bytes32 code, bytes18 member) internal {
        _requireText(register);
        _requireText(code);
        _assignments[register][code].push(AssignmentVersion(_stamp(), member));
        emit CodeAssigned(register, code, member);
    }

    function _writeOperator(bytes18 member, bytes32 scope) internal {
        if (scope != 0) _requireText(scope);
        _operators[member].push(OperatorVersion(scope, _stamp()));
        emit OperatorChanged(member, scope);
    }

    /// @dev Begins the epoch of a tag key at `firstBatch`, which is at least `least`.
    function _writeTagKey(bytes32 publicKey, uint8 suite, uint64 firstBatch, uint256 least) internal {
        if (publicKey == 0 || suite == 0) revert MalformedTagKey(publicKey, suite);
        uint256 epoch = _tagKeys.length;
        uint256 earliest = epoch == 0 ? 0 : uint256(_tagKeys[epoch - 1].firstBatch) + 1;
        if (earliest < least) earliest = least;
        if (firstBatch < earliest) revert EpochTooEarly(firstBatch, earliest);
        _tagKeys.push(TagKeyVersion(publicKey, _stamp(), firstBatch, suite));
        emit TagKeyAdded(epoch, publicKey, suite, firstBatch);
    }

    /// @dev Puts a member on the list of authorities, or takes it off; the caller knows that this changes the list.
    function _writeAuthority(bytes18 member, bool listed) internal {
        AuthorityVersion memory last = _lastAuthority();
        if (listed && last.authorities == AUTHORITIES_MAX) revert TooManyAuthorities(AUTHORITIES_MAX);
        bytes32 log = keccak256(abi.encode(last.log, member, listed, block.number));
        uint16 authorities = listed ? last.authorities + 1 : last.authorities - 1;
        _authorities.push(AuthorityVersion(log, _stamp(), authorities));
        emit AuthorityChanged(member, listed, log);
    }

    /// @dev All zero where there is none.
    function _lastAuthority() private view returns (AuthorityVersion memory last) {
        uint256 length = _authorities.length;
        if (length != 0) last = _authorities[length - 1];
    }

    function _writeThreshold(uint16 threshold) internal {
        _thresholds.push(ThresholdVersion(_stamp(), threshold));
        emit ThresholdChanged(threshold);
    }

    function _thresholdNow() internal view returns (uint16) {
        return _thresholds[_thresholds.length - 1].threshold;
    }

    /// @dev The block that a new version says; every writer takes it from here, so that no change goes unnoticed.
    function _stamp() internal returns (uint40 number) {
        number = _now();
        if (_changedBlock != number) _changedBlock = number;
    }

    function _now() internal view returns (uint40) {
        return SafeCast.toUint40(block.number);
    }

    /// @dev Visible ASCII (0x21 to 0x7e) from the first byte on, then zeros.
    function _requireText(bytes32 text) private pure {
        uint256 length = 0;
        while (length < 32 && text[length] != 0) {
            if (text[length] < 0x21 || text[length] > 0x7e) revert MalformedText(text);
            ++length;
        }
        if (length == 0 || (length < 32 && text << (8 * length) != 0)) revert MalformedText(text);
    }
}
