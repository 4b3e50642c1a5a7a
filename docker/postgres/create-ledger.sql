-- Run once, by the image, as the superuser and over the socket. The password goes from the file into the role and nowhere else.
\set ON_ERROR_STOP on
\set password `cat /run/tops-database/password`
CREATE ROLE tops LOGIN PASSWORD :'password';
CREATE DATABASE tops OWNER tops;
REVOKE ALL ON DATABASE tops FROM PUBLIC;
-- The image gives the superuser the same password; without one it cannot log in over the network at all.
ALTER ROLE CURRENT_USER PASSWORD NULL;
