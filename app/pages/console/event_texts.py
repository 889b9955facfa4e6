"""What each kind of event says to whoever reads the audit trail."""

from collections.abc import Mapping

from app.core.language import N_, Message

SAID: Mapping[str, Message] = {
    "sign_in.succeeded": N_("Signed in with: %(method)s."),
    "sign_in.failed": N_("The sign-in was refused. %(reason)s"),
    "sign_in.second_step_demanded": N_(
        "The first factor was right (%(method)s). A second one was asked for."
    ),
    "sign_in.second_step_guessed": N_(
        "Somebody who knows the first factor keeps guessing at the second one. "
        "The owner was told by email."
    ),
    "sign_in.elsewhere": N_(
        "Neither the device nor the network was known. The owner was told by email."
    ),
    "sign_in.not_me": N_("The owner said that it was somebody else. All was ended."),
    "personal_token.created": N_(
        "Somebody made the token “%(token_name)s” for a script. The owner was told by "
        "email."
    ),
    "personal_token.revoked": N_("The token “%(token_name)s” was revoked."),
    "personal_token.all_revoked": N_(
        "All tokens for scripts were ended (%(count)s): %(reason)s."
    ),
    "email_code.requested": N_("A code was sent by email."),
    "one_time_code.refused": N_("A typed code was wrong, or had no tries left."),
    "oauth.authorization_granted": N_("%(client_id)s was given a code for: %(scope)s."),
    "oauth.authorization_refused": N_(
        "The request of %(client_id)s was refused: %(error)s."
    ),
    "oauth.device_approved": N_("%(client_id)s was let in on a device: %(scope)s."),
    "oauth.device_denied": N_("The person turned a device of %(client_id)s away."),
    "oauth.device_code_refused": N_("A typed code of a device did not work."),
    "oauth.device_code_reused": N_(
        "%(client_id)s brought a device code a second time. All that came of it was "
        "ended."
    ),
    "oauth.consent_granted": N_("The person allowed %(client_id)s: %(scope)s."),
    "oauth.consent_denied": N_("The person did not allow %(client_id)s: %(scope)s."),
    "oauth.consent_revoked": N_("The person took back what %(client_id)s had."),
    "oauth.token_refused": N_(
        "%(client_id)s was refused at the %(endpoint)s endpoint: %(error)s."
    ),
    "oauth.code_reused": N_(
        "%(client_id)s brought a code a second time. All that came of it was ended."
    ),
    "oauth.refresh_token_reused": N_(
        "%(client_id)s brought a refresh token that was used before. Somebody may hold "
        "a copy, so all was ended."
    ),
    "oauth.grant_ended": N_("What %(client_id)s had was ended: %(reason)s."),
    "oauth_logout.refused": N_(
        "The sign-out that %(client_id)s asked for was refused: %(error)s."
    ),
    "session.revoked": N_("A session was ended: %(reason)s."),
    "session.refresh_token_reused": N_(
        "A refresh token came back that was used before. The session was ended."
    ),
    "user.registered": N_("An account was created."),
    "email.verified": N_("The email address was confirmed."),
    "password.changed": N_("The password was changed."),
    "password.reset": N_("The password was reset."),
    "password.reset_requested": N_("A link to reset the password was asked for."),
    "password.change_failed": N_(
        "The password was not changed: the present one was wrong."
    ),
    "protected_host.entered": N_("Somebody came in at %(host)s."),
    "protected_host.left": N_("Somebody left %(host)s."),
    "protected_host.refused": N_("%(host)s let somebody in no further."),
    "protected_host.created": N_("%(host)s is protected from now on."),
    "protected_host.deleted": N_("%(host)s is no longer known, so nobody gets in."),
    "protected_host.updated": N_("The rules of %(host)s were changed."),
    "audit.exported": N_(
        "The audit trail, or a span of it, was written out: %(form)s."
    ),
    "connection.created": N_("From now on people may come from %(connection)s."),
    "connection.updated": N_("The connection %(connection)s was changed: %(fields)s."),
    "connection.deleted": N_("Nobody comes from %(connection)s any more."),
    "connection.domain_added": N_(
        "%(connection)s is to lead the people of %(domain)s, once that is verified."
    ),
    "connection.domain_missing": N_(
        "The record in DNS that verified %(domain)s for %(connection)s is gone."
    ),
    "connection.domain_removed": N_(
        "%(connection)s does not lead the people of %(domain)s any more."
    ),
    "connection.domain_verified": N_(
        "%(connection)s leads the people of %(domain)s from now on."
    ),
    "connection.tested": N_("The connection %(connection)s was tested."),
    "connection.sync_requested": N_(
        "The directory %(connection)s is to be read as a whole."
    ),
    "connection.synced": N_("The directory %(connection)s was read: %(outcome)s."),
    "upstream.returned": N_("%(connection)s lets somebody in again."),
    "upstream.imported": N_(
        "The account is connected with %(connection)s since that was read."
    ),
    "upstream.refused": N_(
        "Somebody came from %(connection)s and was not signed in: %(reason)s."
    ),
    "upstream.signed_out": N_(
        "%(connection)s signed somebody out there, and so they are here."
    ),
    "upstream.withdrawn": N_(
        "%(connection)s lets somebody in no more, and they were signed out here: "
        "%(reason)s."
    ),
    "upstream.logout_refused": N_(
        "A sign-out in the name of %(connection)s was not believed: %(reason)s."
    ),
    "upstream.linked": N_("The account is connected with %(connection)s."),
    "upstream.unlinked": N_(
        "The account is not connected with %(connection)s any more."
    ),
    "upstream.password_kept": N_(
        "The password of %(connection)s is the account's own from now on."
    ),
    "webhook.created": N_("From now on %(url)s is told of: %(events)s."),
    "webhook.updated": N_("A webhook was changed: %(fields)s."),
    "webhook.deleted": N_("%(url)s is told of nothing any more."),
    "webhook.secret_rotated": N_("A webhook was given another secret."),
    "webhook.tested": N_("A webhook was tested."),
    "webhook.replayed": N_("Events were sent to a webhook once more: %(count)s."),
    "webhook.disabled": N_("The webhook %(url)s was switched off: %(reason)s."),
    "user.all_exported": N_("All accounts were written to a file."),
    "oauth_client.vouched_for": N_(
        "%(client_id)s registered itself with a token that vouches for it."
    ),
    "device.remembered": N_("A browser needs no second step for a while."),
    "device.forgotten": N_("A remembered browser needs the second step again."),
    "password.cleared": N_(
        "An unconfirmed account lost a password that may have been anybody's."
    ),
    "oauth.access_token_revoked": N_("%(client_id)s gave an access token back."),
    "setup.recovered": N_(
        "A locked-out administrator was let in again. The owner was told by email."
    ),
    "email.change_collided": N_(
        "Somebody asked to move to an address that has an account. Its owner was told"
        " by email."
    ),
    "email.change_requested": N_("A link and a code were sent to the new address."),
    "email.changed": N_("The email address was changed. The old one was told."),
    "email.collided": N_(
        "Another account has this email address now; this one cannot sign in by it "
        "any more."
    ),
    "email.moved_here": N_(
        "The account has this email address now, as its owner wished."
    ),
    "email.set": N_(
        "An administrator gave the account another email address. Its reader was "
        "told."
    ),
    "email.verification_requested": N_(
        "A link and a code were sent to confirm the email address."
    ),
    "factor.added": N_("A second step was added: %(factor)s."),
    "factor.recovery_requested": N_(
        "Somebody with the first factor says that every second one is lost."
    ),
    "factor.recovery_scheduled": N_(
        "The email that removes every second step goes out later, unless it is "
        "stopped."
    ),
    "factor.recovery_stopped": N_(
        "The removal of every second step was stopped; all are where they were."
    ),
    "factor.removed": N_("A second step was removed: %(factor)s."),
    "factor.recovered": N_("Every second step was removed, as nobody stopped it."),
    "attribute.created": N_("The attribute %(attribute)s was defined."),
    "attribute.deleted": N_(
        "The attribute %(attribute)s was deleted, and what it was of everybody."
    ),
    "attribute.updated": N_(
        "The definition of the attribute %(attribute)s was changed."
    ),
    "group.created": N_("The group %(group)s was made."),
    "group.deleted": N_("The group %(group)s was deleted; it has no members any more."),
    "group.member_added": N_("Somebody was put into the group %(group)s."),
    "group.member_removed": N_("Somebody was taken out of the group %(group)s."),
    "group.updated": N_("The group %(group)s was changed."),
    "user.invitation_accepted": N_("The invitation was accepted."),
    "oauth_client.deleted": N_(
        "%(client_id)s was deleted, with all that people had allowed it."
    ),
    "oauth_client.registered": N_("%(client_id)s was registered."),
    "oauth_client.secret_revoked": N_("A secret of %(client_id)s was ended at once."),
    "oauth_client.secret_rotated": N_(
        "%(client_id)s was given a new secret; the one before works for a while "
        "longer."
    ),
    "oauth_client.updated": N_("%(client_id)s was changed."),
    "oauth_logout.by_hint": N_(
        "%(client_id)s signed somebody out without their browser."
    ),
    "oauth_logout.notice_failed": N_(
        "%(client_id)s could not be told that a session ended; it may go on there."
    ),
    "mail.tested": N_("A test email was sent."),
    "outbox.given_up": N_("A message of the outbox is tried no more."),
    "outbox.retried": N_("A message of the outbox is tried once more."),
    "password.rehashed": N_(
        "The hash of the password was renewed; the password is the same."
    ),
    "password.reset_demanded": N_(
        "The password has to be reset by email before it works again."
    ),
    "factor.recovery_code_used": N_("A recovery code was used. Left: %(left)s."),
    "factor.recovery_codes_made": N_(
        "New recovery codes were made; earlier ones no longer work."
    ),
    "user.registration_repeated": N_(
        "Somebody registered with an address that has an account. Its owner was told "
        "by email."
    ),
    "registration_token.issued": N_(
        "A token was made with which applications may register themselves."
    ),
    "registration_token.revoked": N_(
        "Applications can no longer register themselves with this token, or with any."
    ),
    "role.created": N_("The role %(role)s was made."),
    "role.deleted": N_("The role %(role)s was deleted; nobody has it any more."),
    "role.updated": N_("The role %(role)s was changed."),
    "secret_key.rotation_begun": N_("Another secret key is in use from now on."),
    "secret_key.rotation_ended": N_(
        "Nothing is sealed by the old secret key any more; it can be taken away."
    ),
    "session.all_revoked": N_(
        "Several sessions of the account were ended: %(reason)s."
    ),
    "setup.completed": N_("The first administrator was made."),
    "signing_key.created": N_(
        "A signing key was made and published. It signs from: %(activates_at)s."
    ),
    "signing_key.withdrawn": N_("A signing key was withdrawn; what it signed is void."),
    "token.epoch_begun": N_(
        "All sessions, links, codes and tokens from before were ended at once."
    ),
    "trusted_issuer.created": N_("%(issuer)s is trusted from now on."),
    "trusted_issuer.deleted": N_("%(issuer)s is trusted no more."),
    "trusted_issuer.tested": N_("The trusted issuer %(trusted_issuer)s was tested."),
    "trusted_issuer.updated": N_("The rules of a trusted issuer were changed."),
    "user.created": N_("An administrator created an account."),
    "user.deleted": N_("The account was deleted, with all that belonged to it."),
    "user.displaced": N_(
        "An unconfirmed account was deleted: its address was confirmed elsewhere."
    ),
    "user.expired": N_(
        "An account that was not confirmed or used in time was deleted."
    ),
    "user.exported": N_("The owner downloaded a copy of the account's data."),
    "user.imported": N_("The account came from another system."),
    "user.invited": N_("An invitation was sent."),
    "user.roles_changed": N_("The roles of the account were changed."),
    "user.changed_together": N_(
        "Many accounts were changed in one step; each has an event of its own."
    ),
    "user.status_changed": N_("The account was disabled or enabled."),
    "user.updated": N_("The profile was changed."),
    "oauth.token_exchanged": N_(
        "%(client_id)s got a token to act for the person at %(audience)s."
    ),
    "oauth.workload_acted": N_(
        "A program got a token to act for a person, as a rule allows."
    ),
    "oauth_resource.created": N_("The API %(resource)s was made."),
    "oauth_resource.updated": N_("The API %(resource)s was changed."),
    "oauth_resource.deleted": N_(
        "The API %(resource)s was deleted; nobody gets tokens for it."
    ),
}
