CREATE TABLE user_roles (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    user_id BIGINT NOT NULL,
    role VARCHAR(100) NOT NULL,
    granted_by VARCHAR(255) NULL,
    granted_at TEXT NOT NULL,
    expires_at TEXT NULL,
    CONSTRAINT user_roles_user_id_fk FOREIGN KEY (user_id) REFERENCES chat_users (id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX user_roles_user_id_role ON user_roles (user_id, role);
CREATE INDEX user_roles_role_user_id ON user_roles (role, user_id);
CREATE INDEX user_roles_granted_by ON user_roles (granted_by);
